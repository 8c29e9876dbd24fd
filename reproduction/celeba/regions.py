"""Where on an aligned face a change goes: face, hair or elsewhere."""

from collections.abc import Mapping

import torch
from jaxtyping import Bool
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.intervals import interval_of, mean
from diffeo.shapes import Images, Scores

__all__ = ["region_results", "region_shares", "regions"]

Region = Bool[Tensor, "height width"]
# Height and place across of an ellipse's center, and its half axes, in shares of the
# image: an oval from forehead to chin, and one around head and hair.
FACE, HEAD = (0.60, 0.5, 0.36, 0.28), (0.48, 0.5, 0.47, 0.44)
NECK = 0.75  # of the height, below which hair and shoulders are not told apart


def regions(size: int) -> dict[str, Region]:
    """Return simple regions of faces that are aligned and cut as `celeba` cuts them.

    The face is an oval; hair is what lies between it and a larger one, down to the
    neck; all else is elsewhere. They are the same for every image, so that some hair
    of some faces is elsewhere, and some background is among the hair.

    Args:
        size: Side of the images in pixels.
    """

    center = (torch.arange(size) + 0.5) / size
    y, x = torch.meshgrid(center, center, indexing="ij")

    def oval(down: float, across: float, height: float, width: float) -> Region:
        return ((y - down) / height) ** 2 + ((x - across) / width) ** 2 <= 1

    face = oval(*FACE)
    hair = oval(*HEAD) & ~face & (y < NECK)

    return {"face": face, "hair": hair, "elsewhere": ~(face | hair)}


def region_shares(before: Images, after: Images) -> dict[str, Scores]:
    """Return which share of the absolute change of each image lies in each region.

    Args:
        before: Factuals.
        after: Their counterfactuals.
    """

    change = (after - before).abs().sum(1)
    total = change.sum((1, 2))

    return {
        name: (change * region).sum((1, 2)) / total
        for name, region in regions(before.shape[-1]).items()
    }


def region_results(records: Mapping[str, Counterfactuals]) -> dict[str, float]:
    """Return the mean shares of those that reached their targets, and of the areas."""

    size = next(iter(records.values())).factual.shape[-1]
    results = {
        f"area_share_{name}": region.double().mean().item()
        for name, region in regions(size).items()
    }

    for method, record in records.items():
        there = record.select(record.reached)
        found = region_shares(there.factual, there.counterfactual)

        for name, shares in found.items():
            stem = f"change_share_{name}_{method}"
            results |= interval_of(shares.double(), mean).as_results(stem)

    return results
