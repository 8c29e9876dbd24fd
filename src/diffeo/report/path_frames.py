"""The path from a factual to its counterfactual as a few pictures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from diffeo.coordinates.protocol import Coordinates, decode_with, start_memory
from diffeo.counterfactuals import Counterfactuals, SearchPath
from diffeo.shapes import Data, Indices, Latent

__all__ = ["PathFrames", "path_frames"]

DRIFT = 0.02  # what decoding on another machine may change
CHECKED = 8  # rows on which coordinates are tried
BATCH = 128


@dataclass(frozen=True, eq=False)
class PathFrames:
    """Some points of one row's path, decoded; the last is the counterfactual.

    Args:
        steps: Steps of the search at which they were met.
        margin: How far past the target they are.
        images: What they look like, one after the other.

    Example:
        >>> PathFrames((0, 3), (-2.0, 0.1), torch.zeros(2, 1, 8, 8)).steps
        (0, 3)
    """

    steps: tuple[int, ...]
    margin: tuple[float, ...]
    images: Data


def path_frames(
    record: Counterfactuals,
    coordinates: Coordinates,
    rows: Sequence[int],
    *,
    count: int,
) -> list[PathFrames]:
    """Decode a few points of the paths of some rows.

    Args:
        record: With its paths.
        coordinates: Where the search moved.
        rows: Numbers of the rows.
        count: Most pictures of a row, both ends of its path among them.

    Raises:
        ValueError: If there is no such row, the record has no paths, or it is of other
            coordinates.

    Example:
        >>> from diffeo import Identity, Run, TargetClass, search
        >>> x, place, run = torch.zeros(2, 2), Identity((2,)), Run(path=True)
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), place, run=run)
        >>> path_frames(record, place, [0], count=2)[0].images.shape
        torch.Size([2, 2])
    """

    for row in rows:
        if not 0 <= row < len(record):
            raise ValueError(f"row must be from 0 to {len(record) - 1}, got {row}")

    if not record.paths:
        raise ValueError("the record holds no path")

    _check_same(record, coordinates)
    paths = [_thinned(record.paths[row], count) for row in rows]
    number = torch.cat(
        [
            torch.full_like(path.steps, row)
            for row, path in zip(rows, paths, strict=True)
        ]
    )
    images = _decode(
        record, number, torch.cat([path.latent for path in paths]), coordinates
    )
    parts = images.split([len(path.latent) for path in paths])

    return [
        PathFrames(
            tuple(path.steps.tolist()),
            tuple(path.margin.tolist()),
            torch.cat((part[:-1], record.counterfactual[row : row + 1].cpu())),
        )
        for row, path, part in zip(rows, paths, parts, strict=True)
    ]


def _thinned(path: SearchPath, count: int) -> SearchPath:
    kept = torch.linspace(0, len(path.steps) - 1, count).round().long().unique()

    return SearchPath(*(values[kept] for values in path))


@torch.no_grad()
def _decode(
    record: Counterfactuals, rows: Indices, z: Latent, coordinates: Coordinates
) -> Data:
    """Decode coordinates of some rows, with what is remembered of these."""

    parts = []

    for row, part in zip(rows.split(BATCH), z.split(BATCH), strict=True):
        kept = start_memory(coordinates, record.factual[row], record.origin[row])
        parts.append(decode_with(coordinates, part, kept))

    return torch.cat(parts).nan_to_num().cpu()


def _check_same(record: Counterfactuals, coordinates: Coordinates) -> None:
    """Refuse coordinates that decode the record's latent to other data."""

    rows = record.latent.isfinite().all(1).nonzero()[:CHECKED, 0]

    if len(rows) == 0:
        return

    try:
        seen = _decode(record, rows, record.latent[rows], coordinates).clamp(0, 1)
        wanted = record.counterfactual[rows].nan_to_num().cpu().clamp(0, 1)
        off = (seen - wanted).abs().max().item()
    except RuntimeError:  # of another shape
        off = math.inf

    if not off <= DRIFT:
        raise ValueError(
            "coordinates must be those of the record, which decode its latent to its "
            f"counterfactuals, got others, whose data differ by {off:.2g}"
        )
