"""What is lost on the way to the coordinates and back."""

import torch

from diffeo.coordinates.protocol import Coordinates
from diffeo.evaluation.metrics.distances import distance
from diffeo.shapes import Data, Scores

__all__ = ["composition_error"]


@torch.no_grad()
def composition_error(x: Data, coordinates: Coordinates, *, times: int = 1) -> Scores:
    """Return how far data move when they are encoded and decoded some times.

    A counterfactual that asks for no change should change nothing.

    Source: Monteiro, Ribeiro, Pawlowski, Castro and Glocker, 2023, Measuring axiomatic
    soundness of counterfactual image models, Section 3, "Composition".

    Args:
        x: Factuals.
        coordinates: Where they are taken and brought back from.
        times: How often.

    Raises:
        ValueError: If it is not at least once.
    """

    if times < 1:
        raise ValueError(f"times must be at least 1, got {times}")

    y = x

    for _ in range(times):
        y = coordinates.decode(coordinates.encode(y))

    return distance(x, y)
