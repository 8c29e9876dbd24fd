"""Inverting the GAN of faces in pixels, in features, and by its encoder alone."""

import time
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import nn

from diffeo.batching import in_batches
from diffeo.coordinates.inversion import Inversion, InvertedGenerator
from diffeo.shapes import Data, Images, Model

__all__ = [
    "chosen",
    "compare_inversions",
    "inversions",
    "inverted",
    "scaled_features",
]

PRIORS, STARTS = (1e-4, 1e-3, 1e-2), (1, 4)
SETTINGS = "prior", "starts", "steps"
SCALED_BY = 1000  # first training faces


def inversions(
    gan: InvertedGenerator, x: Images, features: Model
) -> dict[str, InvertedGenerator]:
    """Return the same generator by pixels, by features and by its encoder alone.

    Args:
        gan: The generator with its encoder; its steps are those of a single start.
        x: Validation faces, on which the first two are chosen, each by its own error.
        features: What the second compares.
    """

    return {
        "pixel": chosen(gan, x),
        "feature": chosen(gan, x, features),
        "encoder": inverted(gan, replace(gan.inversion, steps=0)),
    }


def inverted(
    gan: InvertedGenerator, inversion: Inversion, features: Model | None = None
) -> InvertedGenerator:
    """Return the same generator and encoder, with no latents known yet.

    Args:
        gan: The generator with its encoder.
        inversion: How to descend.
        features: What is compared; the data themselves if not given.
    """

    return InvertedGenerator(
        gan.generator,
        gan.latent,
        gan.shape,
        features=features,
        encoder=gan.encoder,
        inversion=inversion,
    )


def chosen(
    gan: InvertedGenerator, x: Images, features: Model | None = None
) -> InvertedGenerator:
    """Return the same generator by the inversion that leaves the least error.

    Weights of the prior and numbers of starts are tried. All starts but one end after a
    quarter of the steps, of which there are fewer, so that all take the same time.

    Args:
        gan: The generator with its encoder; its steps are those of a single start.
        x: Validation faces.
        features: What is compared; the data themselves if not given.
    """

    tried = []

    for starts in STARTS:
        steps = round(gan.inversion.steps / (1 + (starts - 1) / 4))
        how = replace(gan.inversion, starts=starts, steps=steps)
        tried += [inverted(gan, replace(how, prior=each), features) for each in PRIORS]

    return min(tried, key=lambda each: each.invert(x).error.square().mean().item())


@torch.no_grad()
def scaled_features(layers: nn.Module, faces: Images) -> Model:
    """Return features that vary as much around their mean as the pixels of faces do.

    What an inversion's settings mean in pixels they then mean in features.

    Args:
        layers: From faces to features of any shape.
        faces: Training faces.
    """

    faces = faces[:SCALED_BY]
    seen = in_batches(layers, faces).flatten(1)
    scale = (faces.var(0).mean() / seen.var(0).mean()).sqrt()

    return lambda x: scale * layers(x)


@torch.no_grad()
def compare_inversions(
    places: Mapping[str, InvertedGenerator], x: Images, features: Model
) -> tuple[dict[str, float], dict[str, Images]]:
    """Return settings, errors in pixels and in features, time, and the images made.

    Args:
        places: The generator by each inversion, these faces not known to it.
        x: Faces.
        features: By which all are compared, besides pixels.
    """

    def error(one: Data, other: Data) -> float:
        return (one - other).square().mean().item()

    results: dict[str, float] = {}
    made, seen = {}, features(x)

    for name, place in places.items():
        begun = time.process_time()
        z = place.encode(x)
        seconds = (time.process_time() - begun) / len(x)
        made[name] = place.decode(z)
        results |= {
            f"{name}_inversion_mse": error(made[name], x),
            f"{name}_inversion_feature_mse": error(features(made[name]), seen),
            f"{name}_inversion_seconds": seconds,
        }

        if place.inversion.steps:
            results |= {
                f"{name}_inversion_{key}": float(getattr(place.inversion, key))
                for key in SETTINGS
            }

    return results, made
