"""The way from a factual to its counterfactual as a few pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from diffeo.batching import slices
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.shapes import Data

__all__ = ["Reel", "reel_of", "reels"]

FRAMES = 9
TOLERANCE = 0.02  # what decoding on another machine may change
BATCH = 128


@dataclass(frozen=True, eq=False)
class Reel:
    """Some points of one row's path, decoded; the last is the counterfactual.

    Args:
        steps: At which steps of the search.
        margin: How far past the target it was there.
        images: What was seen there.
    """

    steps: tuple[int, ...]
    margin: tuple[float, ...]
    images: Data

    def thin(self, count: int) -> "Reel":
        """Keep at most so many frames, both ends among them."""

        kept = _spread(len(self.steps) - 1, count)

        return Reel(
            tuple(self.steps[frame] for frame in kept),
            tuple(self.margin[frame] for frame in kept),
            self.images[kept],
        )


def reels(
    record: Counterfactuals, coordinates: Coordinates, *, frames: int = FRAMES
) -> list[Reel]:
    """Decode a few points of every row's path up to its counterfactual.

    Args:
        record: With its path.
        coordinates: In which the search moved.
        frames: Most pictures of a row, both ends among them.

    Raises:
        ValueError: If the record has no path, or it is of other coordinates.
    """

    _check_path(record)
    _check_same(record, coordinates)
    steps = [_spread(last, frames) for last in record.steps.tolist()]
    index = [(row, step) for row, seen in enumerate(steps) for step in seen]
    rows, points = torch.tensor(index).unbind(1)
    images = _decode(record.path[rows, points], coordinates)
    pieces = images.split([len(seen) for seen in steps])

    return [
        Reel(
            tuple(seen),
            tuple(record.path_margin[row, torch.tensor(seen)].tolist()),
            torch.cat((piece[:-1], record.counterfactual[row : row + 1].cpu())),
        )
        for row, (seen, piece) in enumerate(zip(steps, pieces, strict=True))
    ]


def reel_of(
    record: Counterfactuals, coordinates: Coordinates, row: int, *, frames: int
) -> Reel:
    """Decode a few points of one row's path.

    Args:
        record: With its path.
        coordinates: In which the search moved.
        row: Which one.
        frames: Most pictures, both ends among them.

    Raises:
        ValueError: If there is no such row, or the record has no path, or it is of
            other coordinates.
    """

    if not 0 <= row < len(record):
        raise ValueError(f"row must be from 0 to {len(record) - 1}, got {row}")

    (reel,) = reels(record.select(torch.tensor([row])), coordinates, frames=frames)

    return reel


def _spread(last: int, count: int) -> list[int]:
    return sorted(set(torch.linspace(0, last, count).round().long().tolist()))


@torch.no_grad()
def _decode(z: Tensor, coordinates: Coordinates) -> Tensor:
    parts: Sequence[Tensor] = [
        coordinates.decode(z[rows]) for rows in slices(len(z), BATCH)
    ]

    return torch.cat(list(parts)).nan_to_num().cpu()


def _check_path(record: Counterfactuals) -> None:
    points = record.path.shape[1]

    if points <= int(record.steps.max()):
        raise ValueError(
            f"the record must hold the path of its {int(record.steps.max())} steps, "
            f"got {points} points; search with Run(path=True)"
        )


def _check_same(record: Counterfactuals, coordinates: Coordinates) -> None:
    """Refuse coordinates that decode the record's latent to other data."""

    kept = record.latent.isfinite().all(1).nonzero()[:8, 0]

    if len(kept) == 0:
        return

    try:
        seen = _decode(record.latent[kept], coordinates).clamp(0, 1)
        kept_data = record.counterfactual[kept].nan_to_num().cpu()
        off = (seen - kept_data.clamp(0, 1)).abs().max().item()
    except RuntimeError as error:
        raise ValueError(
            "coordinates must be those of the record, got others, which cannot decode "
            f"its latent: {error}"
        ) from None

    if not off <= TOLERANCE:
        raise ValueError(
            "coordinates must decode the record's latent to its counterfactuals, got "
            f"data that differ by {off:.2g}"
        )
