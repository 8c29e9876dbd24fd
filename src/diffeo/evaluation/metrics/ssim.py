"""Structural similarity: how alike two images look."""

import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.intervals import median
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, metric
from diffeo.shapes import Images, Scores

__all__ = ["ssim"]

SIGMA = 1.5
WINDOW = 11  # pixels that it is high and wide


def ssim(x: Images, y: Images) -> Scores:
    """Return the structural similarity of each pair of images: 1 if they are equal.

    Windows are 11 × 11 pixels with Gaussian weights of standard deviation 1.5, around
    every pixel of images mirrored at their edges, and over channels alike; the
    constants are 0.01² and 0.03².

    Source: Wang, Bovik, Sheikh and Simoncelli, 2004, Image quality assessment: from
    error visibility to structural similarity, equation (13).

    Args:
        x: Counterfactuals, in [0, 1].
        y: Factuals, in [0, 1].

    Raises:
        ValueError: If the images are smaller than a window.

    Example:
        >>> x = torch.rand(1, 1, 12, 12)
        >>> ssim(x, x)
        tensor([1.])
    """

    if min(x.shape[2:]) < WINDOW:
        raise ValueError(
            f"x must be at least {WINDOW} pixels high and wide, got "
            f"{tuple(x.shape[2:])}"
        )

    found = structural_similarity_index_measure(
        x, y, gaussian_kernel=True, sigma=SIGMA, data_range=1.0, reduction="none"
    )

    return torch.as_tensor(found).reshape(len(x))


@metric(Better.HIGHER, median)
def ssim_median(record: Counterfactuals, _: Judges) -> Scores:
    """How alike counterfactual and factual look: 1 if nothing changed."""

    if min(record.factual.shape[2:]) < WINDOW:
        return torch.full_like(record.seconds, torch.nan)

    return ssim(record.counterfactual, record.factual)
