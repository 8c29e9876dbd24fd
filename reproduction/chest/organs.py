"""Where the heart and the lungs lie in chest X-rays, drawn by hand."""

from pathlib import Path, PurePosixPath

from jaxtyping import Bool
from torch import Tensor

from diffeo.data.chexpert import LAYOUT
from diffeo.data.crops import read_square, stack
from diffeo.data.xrays import XRays

__all__ = ["ORGANS", "organ_masks"]

ORGANS = ("heart", "left_lung", "right_lung")
"""The channels of masks; the left lung is the patient's, right in the image."""

HALF = 127  # of 255: a pixel belongs if more than half of it does


def organ_masks(
    xrays: XRays, folder: Path | None = None
) -> Bool[Tensor, "batch 3 height width"]:
    """Read which pixels belong to heart, left and right lung.

    CheXpert itself has no masks; those of some smaller sets can be laid beside it.

    Source: Dong et al., 2018, Unsupervised Domain Adaptation for Automatic Estimation
    of Cardiothoracic Ratio.

    Args:
        xrays: Images of sources that have masks.
        folder: The folder of masks/SOURCE/NAME_heart.png and the like, in which the
            images lie too, or one above it; the environment variable DIFFEO_DATA if not
            given.

    Returns:
        Masks of the images' size, in the order of `ORGANS`; they may overlap.

    Raises:
        FileNotFoundError: If an image has no masks.
    """

    root = LAYOUT.find(folder) / "masks"
    size = xrays.pixels.shape[-1]
    masks = (
        read_square(root / source / f"{PurePosixPath(file).stem}_{organ}.png", size)
        for file, source in zip(xrays.files, xrays.sources, strict=True)
        for organ in ORGANS
    )
    levels = stack(masks, len(ORGANS) * len(xrays), (1, size, size))

    inside: Tensor = levels.unflatten(0, (-1, len(ORGANS)))[:, :, 0] > HALF

    return inside
