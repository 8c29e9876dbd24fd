"""How a change looks: alike, in few pixels, along the data."""

import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.intervals import median
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, metric
from diffeo.geometry.tangent import neighbor_tangent, share_along
from diffeo.shapes import Data, Images, Scores

__all__ = ["hoyer", "ssim"]

SIGMA = 1.5
WINDOW = 11  # pixels that it is high and wide
NEIGHBORS = 200
AXES = 50


def ssim(x: Images, y: Images) -> Scores:
    """Return the structural similarity of each pair of images: 1 if they are equal.

    Windows are 11 × 11 pixels with Gaussian weights of standard deviation 1.5, around
    every pixel of images mirrored at their edges, and over channels alike; the
    constants are 0.01² and 0.03².

    Source: Wang, Bovik, Sheikh and Simoncelli, 2004, Image quality assessment: from
    error visibility to structural similarity, equation (13).

    Args:
        x: Counterfactuals, in [0, 1], not smaller than a window.
        y: Factuals, in [0, 1].

    Example:
        >>> x = torch.rand(1, 1, 12, 12)
        >>> ssim(x, x)
        tensor([1.])
    """

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


def hoyer(change: Data) -> Scores:
    """Return (√n − ‖δ‖₁ / ‖δ‖₂) / (√n − 1): 1 for a single entry, 0 for equal ones.

    It is NaN where nothing changes, and of a single entry.

    Source: Hoyer, 2004, Non-negative matrix factorization with sparseness constraints,
    Section 3.1.

    Args:
        change: δ = x′ − x.

    Example:
        >>> hoyer(torch.tensor([[0.0, 2.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]]))
        tensor([1., 0.])
    """

    flat = change.flatten(1)
    root = flat.shape[1] ** 0.5

    sparse: Scores = (root - flat.abs().sum(1) / flat.norm(dim=1)) / (root - 1)

    return sparse


@metric(Better.HIGHER)
def sparsity_mean(record: Counterfactuals, _: Judges) -> Scores:
    """Hoyer's sparsity of the change: 1 for a single pixel, 0 for all alike."""

    return hoyer(record.counterfactual - record.factual)


@metric(Better.HIGHER)
def tangent_share_mean(record: Counterfactuals, judges: Judges) -> Scores:
    """Share of the change along the main directions of the nearest real images.

    They are 50 principal axes of the 200 training data nearest to the factual.
    """

    images = judges.reference.train.images
    neighbors = min(NEIGHBORS, len(images))
    tangent = judges.once(
        "Finding tangent spaces",
        lambda: neighbor_tangent(
            judges.factual,
            images,
            neighbors=neighbors,
            dimension=min(AXES, neighbors - 1),
        ),
    )

    return share_along(record.counterfactual - record.factual, tangent[: len(record)])
