"""The path of a search, and many of them as few tensors."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["SearchPath", "joined", "parted"]


class SearchPath(NamedTuple):
    """Where the search of one row stood, from its origin to the point returned.

    Args:
        steps: After how many steps, shape (points,).
        latent: The coordinates there, shape (points, latent).
        margin: How far past the target that was, shape (points,).

    Example:
        >>> margin = torch.tensor([-1.0, 0.5])
        >>> SearchPath(torch.arange(2), torch.zeros(2, 3), margin).margin[-1] >= 0
        tensor(True)
    """

    steps: Int[Tensor, " points"]
    latent: Float[Tensor, "points latent"]
    margin: Float[Tensor, " points"]


def joined(paths: Sequence[SearchPath]) -> dict[str, Tensor]:
    """Return all paths as one of each tensor, and how many points each row has.

    Example:
        >>> path = SearchPath(torch.arange(2), torch.zeros(2, 3), torch.zeros(2))
        >>> joined([path, path])["path_points"]
        tensor([2, 2])
    """

    if not paths:
        return {}

    steps, latent, margin = (torch.cat(parts) for parts in zip(*paths, strict=True))
    points = torch.tensor([len(path.steps) for path in paths])

    return {
        "path_points": points,
        "path_steps": steps,
        "path_latent": latent.contiguous(),
        "path_margin": margin,
    }


def parted(tensors: Mapping[str, Tensor]) -> tuple[SearchPath, ...]:
    """Return the paths that tensors by name hold: undo `joined`.

    Args:
        tensors: Those, and perhaps others.

    Example:
        >>> path = SearchPath(torch.arange(2), torch.zeros(2, 3), torch.zeros(2))
        >>> len(parted(joined([path, path])))
        2
    """

    if not any(name.startswith("path_") for name in tensors):
        return ()

    points = tensors["path_points"].tolist()
    parts = [tensors[f"path_{name}"].split(points) for name in SearchPath._fields]

    return tuple(SearchPath(*path) for path in zip(*parts, strict=True))
