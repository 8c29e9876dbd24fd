"""What the changes of many counterfactuals have in common."""

from collections.abc import Mapping
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from diffeo.data.images import read_images

__all__ = ["clusters_of", "coarse", "grid_regions", "read_regions", "region_shares"]

Changes = Float[Tensor, "rows channels height width"]
Coarse = Float[Tensor, "rows channels down across"]
Points = Float[Tensor, "rows numbers"]
Regions = Mapping[str, Bool[Tensor, "height width"]]
CELLS = 4  # of the grid, on a side
COARSE = 8  # places on a side at which changes of images are compared
MOST, FEWEST = 3, 6  # clusters, and rows for each of them
INSIDE = 0.5  # gray level above which a mask holds a pixel


def clusters_of(points: Points, *, seed: int = 0) -> list[list[int]]:
    """Return the rows of changes that are alike: at most three groups.

    They are grouped by k-means; fewer than twelve are one group. The largest group
    comes first, and in each the row nearest to its mean.

    Args:
        points: Changes as numbers of like units.
        seed: Seed of the first centers.

    Example:
        >>> points = torch.zeros(12, 3)
        >>> points[:4] = 1.0
        >>> [len(rows) for rows in clusters_of(points)]
        [8, 4]
    """

    from sklearn.cluster import KMeans

    flat = points.double().numpy()
    count = max(1, min(MOST, len(flat) // FEWEST))
    fitted = KMeans(count, n_init=10, random_state=seed).fit(flat)
    labels = torch.from_numpy(fitted.labels_).long()
    gaps = torch.from_numpy(fitted.transform(flat)).amin(1)
    groups = [(labels == label).nonzero()[:, 0] for label in range(count)]
    found = [group[gaps[group].argsort()].tolist() for group in groups if len(group)]

    return sorted(found, key=len, reverse=True)


def coarse(changes: Changes) -> Coarse:
    """Return changes of images, averaged over 8×8 places at most.

    Args:
        changes: Counterfactuals less what searches began at.

    Example:
        >>> coarse(torch.zeros(1, 3, 32, 32)).shape
        torch.Size([1, 3, 8, 8])
    """

    return adaptive_avg_pool2d(changes.float(), min(COARSE, *changes.shape[2:]))


def grid_regions(height: int, width: int) -> dict[str, Tensor]:
    """Return the cells of a grid of 4×4 as masks, by their row and column.

    Args:
        height: Of the images, in pixels.
        width: Of the images, in pixels.

    Example:
        >>> list(grid_regions(8, 8))[0]
        'row 1, column 1 of 4×4 cells'
    """

    down, across = (torch.arange(side) * CELLS // side for side in (height, width))

    name = f"row {{}}, column {{}} of {CELLS}×{CELLS} cells".format

    return {
        name(row + 1, column + 1): (down == row)[:, None] & (across == column)
        for row in range(CELLS)
        for column in range(CELLS)
    }


def read_regions(
    folder: Path, side: tuple[int, int], *, crop: int | None, resize: int | None
) -> dict[str, Tensor]:
    """Read masks, white where the region lies, by the names of their files.

    Args:
        folder: One picture for each region; they may overlap.
        side: Height and width of the images.
        crop: As for the images.
        resize: As for the images.

    Raises:
        ValueError: If a mask is empty or of another size.

    Example:
        >>> read_regions(Path("masks"), (8, 8), crop=None, resize=None)
        Traceback (most recent call last):
        FileNotFoundError: data must be a file or folder, got masks
    """

    masks, names = read_images(folder, crop=crop, resize=resize)

    if tuple(masks.shape[2:]) != side:
        raise ValueError(
            f"regions must be masks of {side[1]}×{side[0]} pixels, got {folder} with "
            f"{masks.shape[3]}×{masks.shape[2]}"
        )

    inside = masks.mean(1) > INSIDE
    found = {Path(name).stem: mask for name, mask in zip(names, inside, strict=True)}
    empty = [name for name, mask in found.items() if not mask.any()]

    if empty:
        raise ValueError(f"regions must hold pixels, got {empty[0]} without any")

    return found


def region_shares(changes: Changes, regions: Regions) -> dict[str, tuple[float, float]]:
    """Return the share of the change in each region, and the region's of the area.

    Args:
        changes: Counterfactuals less what searches began at; each counts alike.
        regions: Masks by name.

    Returns:
        Both shares by name, the greatest share of change first.

    Example:
        >>> changes = torch.zeros(1, 1, 4, 4)
        >>> changes[0, 0, 0, 0] = 0.5
        >>> next(iter(region_shares(changes, grid_regions(4, 4)).items()))
        ('row 1, column 1 of 4×4 cells', (1.0, 0.0625))
    """

    size = changes.abs().sum(1).double()
    shares = size / size.sum((1, 2), keepdim=True).clamp(min=1e-12)
    found = {
        name: ((shares * mask).sum((1, 2)).mean().item(), mask.double().mean().item())
        for name, mask in regions.items()
    }

    return dict(sorted(found.items(), key=lambda entry: -entry[1][0]))
