"""How alike two images look."""

from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

from diffeo.shapes import Images, Scores

__all__ = ["ssim"]

SIGMA = 1.5
REACH = 5  # pixels on each side of a window's center


def ssim(x: Images, y: Images, *, data_range: float = 1.0) -> Scores:
    """Return the structural similarity of each pair of images: 1 if they are equal.

    Windows are 11 × 11 pixels with Gaussian weights of standard deviation 1.5, around
    every pixel of images mirrored at their edges, and over channels alike; the
    constants are (0.01 data_range)² and (0.03 data_range)².

    Source: Wang, Bovik, Sheikh and Simoncelli, 2004, Image quality assessment: from
    error visibility to structural similarity, equation (13).

    Args:
        x: Counterfactuals.
        y: Factuals.
        data_range: Difference between the greatest and the least possible value.

    Raises:
        ValueError: If the images are smaller than a window.
    """

    if min(x.shape[2:]) < 2 * REACH + 1:
        raise ValueError(
            f"x must be at least {2 * REACH + 1} pixels high and wide, got "
            f"{tuple(x.shape[2:])}"
        )

    found = structural_similarity_index_measure(
        x,
        y,
        gaussian_kernel=True,
        sigma=SIGMA,
        data_range=data_range,
        reduction="none",
    )

    if not isinstance(found, Tensor):
        raise TypeError(f"similarity must be a tensor, got {type(found).__name__}")

    return found.reshape(len(x))
