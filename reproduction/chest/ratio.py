"""The cardiothoracic ratio: how wide the heart is beside the chest."""

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from diffeo.batching import in_batches
from diffeo.shapes import Images, Scores
from reproduction.chest.organs import ORGANS

__all__ = [
    "HEART",
    "Masks",
    "cardiothoracic_ratio",
    "found_organs",
    "largest_pieces",
]

Masks = Bool[Tensor, "batch organs height width"]
HEART = ORGANS.index("heart")


def cardiothoracic_ratio(masks: Masks) -> Scores:
    """Return the widest extent of the heart over that of both lungs together.

    It is NaN where there is no heart or no lung.

    Source: Dong et al., 2018, Unsupervised Domain Adaptation for Automatic Estimation
    of Cardiothoracic Ratio, Section 1.

    Args:
        masks: Heart, left and right lung.

    Example:
        >>> masks = torch.zeros(1, 3, 1, 8, dtype=torch.bool)
        >>> masks[0, 0, 0, 3:6] = masks[0, 1, 0, 6:] = masks[0, 2, 0, :3] = True
        >>> cardiothoracic_ratio(masks)
        tensor([0.3750])
    """

    lungs = torch.ones(len(ORGANS), dtype=torch.bool)
    lungs[HEART] = False

    return _extent(masks[:, HEART]) / _extent(masks[:, lungs].any(1))


def largest_pieces(masks: Masks) -> Masks:
    """Return masks with only the largest connected piece of each organ.

    Args:
        masks: Masks, perhaps with stray pixels.
    """

    from scipy.ndimage import label

    found = masks.clone()

    for mask in found.flatten(0, 1):
        pieces, count = label(mask.numpy())
        numbers = torch.from_numpy(pieces)

        if count > 1:
            sizes = numbers.flatten().bincount()[1:]
            mask.logical_and_(numbers == sizes.argmax() + 1)

    return found


@torch.no_grad()
def found_organs(model: nn.Module, x: Images) -> Masks:
    """Return where a network finds the organs, the largest piece of each.

    Args:
        model: From images to a map of log-odds for each organ.
        x: X-rays.
    """

    return largest_pieces(in_batches(model, x, 50) > 0)


def _extent(masks: Bool[Tensor, "batch height width"]) -> Scores:
    """Return the number of columns from the first to the last of each mask."""

    columns = masks.any(1)
    numbers = torch.arange(columns.shape[1], dtype=torch.float32)
    last = numbers.where(columns, -torch.inf).amax(1)
    first = numbers.where(columns, torch.inf).amin(1)
    width = last - first + 1

    return width.masked_fill(~columns.any(1), torch.nan)
