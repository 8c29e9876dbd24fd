"""Samples of generators, and how far their features are from those of faces."""

from collections.abc import Mapping

import torch

from diffeo.batching import in_batches
from diffeo.coordinates.protocol import Coordinates
from diffeo.shapes import Images, Model
from reproduction.generators import frechet_distance

__all__ = ["frechet_distances", "samples"]

BATCH = 50


@torch.no_grad()
def samples(place: Coordinates, latent: int, count: int) -> Images:
    """Return what coordinates make of draws from N(0, I), clamped to [0, 1].

    Args:
        place: The coordinates.
        latent: How many there are.
        count: Number of samples.
    """

    z = torch.randn(count, latent, generator=torch.Generator().manual_seed(0))

    return in_batches(place.decode, z, BATCH).nan_to_num().clamp(0, 1)


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
