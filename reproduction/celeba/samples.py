"""Samples of generators, and how far their features are from those of faces."""

from collections.abc import Callable, Mapping

import torch

from diffeo.batching import in_batches
from diffeo.coordinates.linear import principal_axes
from diffeo.coordinates.protocol import Coordinates
from diffeo.shapes import Images, Latent, Model
from reproduction.generators import frechet_distance

__all__ = ["fitted_decode", "frechet_distances", "samples"]

BATCH = 50


@torch.no_grad()
def fitted_decode(place: Coordinates, x: Images) -> Callable[[Latent], Images]:
    """Return how to decode draws from N(0, I), moved to where images are encoded.

    Their mean and covariance become those of the encodings.

    Source: Ghosh, Sajjadi, Vergari, Black and Schölkopf, 2020, From variational to
    deterministic autoencoders, Section 4, for a density that is fitted afterwards.

    Args:
        place: Coordinates, fewer than images.
        x: The images.
    """

    z = in_batches(place.encode, x)
    axes = principal_axes(z, count=z.shape[1])

    return lambda draws: place.decode(axes.decode(draws))


@torch.no_grad()
def samples(decode: Callable[[Latent], Images], latent: int, count: int) -> Images:
    """Return what is decoded from draws from N(0, I), clamped to [0, 1].

    Args:
        decode: From coordinates to images.
        latent: How many there are.
        count: Number of samples.
    """

    z = torch.randn(count, latent, generator=torch.Generator().manual_seed(0))

    return in_batches(decode, z, BATCH).nan_to_num().clamp(0, 1)


@torch.no_grad()
def frechet_distances(
    images: Mapping[str, Images], real: Images, features: Model
) -> dict[str, float]:
    """Return the Fréchet distance of features of each kind of images to real ones'.

    Args:
        images: By their kind, as many as real ones.
        real: What they are compared with.
        features: From images to features, shape (batch, features).
    """

    wanted = in_batches(features, real)

    return {
        f"{name}_frechet_distance": frechet_distance(in_batches(features, x), wanted)
        for name, x in images.items()
    }
