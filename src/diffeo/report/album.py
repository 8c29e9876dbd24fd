"""All pictures of a row in one file, and all files within a budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from diffeo.counterfactuals import Counterfactuals
from diffeo.report.images import data_uri, to_8_bits
from diffeo.report.path_frames import Reel

__all__ = ["Album", "Cell", "Plan", "Sheet", "album"]

SAMPLE = 12  # rows from which the size of all is guessed, before any is written


@dataclass(frozen=True)
class Plan:
    """How much of the pictures is kept.

    Args:
        frames: Most frames of a path; below 2, none.
        scale: Of the sides of the pictures.
    """

    frames: int
    scale: float


@dataclass(frozen=True)
class Cell:
    """Where the pictures of one method lie in a row's sheet, counted from the left.

    Args:
        reconstruction: Of the factual.
        counterfactual: Where the search ended.
        first: Of the frames that lead there, one after the other.
        steps: Of these frames; empty where there are none.
        margin: At these frames.
    """

    reconstruction: int
    counterfactual: int
    first: int
    steps: tuple[int, ...]
    margin: tuple[float, ...]


@dataclass(frozen=True)
class Sheet:
    """The pictures of a row, the factual first, each with a border of its own pixels.

    Args:
        uri: The picture file, as text.
        count: How many pictures there are.
        cells: By method.
    """

    uri: str
    count: int
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Album:
    """A sheet for each row.

    Args:
        sheets: In the order of the rows.
        height: Of a picture, in pixels, without its border.
        width: Of a picture.
        plan: How much was kept.
        films: Whether there were films to keep.
    """

    sheets: tuple[Sheet, ...]
    height: int
    width: int
    plan: Plan
    films: bool


LADDER = (
    *(Plan(frames, 1.0) for frames in (9, 7, 5)),
    Plan(5, 0.75),
    *(Plan(0, scale) for scale in (1.0, 0.875, 0.75, 0.5, 0.375, 0.25, 0.125, 0.0625)),
)


def album(
    records: Mapping[str, Counterfactuals],
    films: Mapping[str, Sequence[Reel]],
    *,
    budget: int,
) -> Album:
    """Draw all rows with as many frames and pixels as a number of bytes allows.

    Args:
        records: Of images, by method; the longest tells which rows there are.
        films: By method, where there are any.
        budget: Most bytes of all sheets, as text.

    Raises:
        ValueError: If even the smallest pictures are too many.
    """

    rows = max(len(record) for record in records.values())
    sample = sorted(set(torch.linspace(0, rows - 1, SAMPLE).long().tolist()))

    for plan in LADDER:
        guess = sum(len(_sheet(records, films, row, plan).uri) for row in sample)

        if guess * rows / len(sample) > budget:
            continue

        sheets = tuple(_sheet(records, films, row, plan) for row in range(rows))

        if sum(len(sheet.uri) for sheet in sheets) <= budget:
            first = next(iter(records.values()))
            height, width = _resize(first.factual[:1], plan.scale).shape[2:]

            return Album(sheets, height, width, plan, bool(films))

    raise ValueError(f"the pictures must fit {budget} bytes, got {rows} rows: too many")


def _sheet(
    records: Mapping[str, Counterfactuals],
    films: Mapping[str, Sequence[Reel]],
    row: int,
    plan: Plan,
) -> Sheet:
    present = {name: record for name, record in records.items() if row < len(record)}
    pictures = [_picture(next(iter(present.values())).factual[row], plan)]
    cells: dict[str, Cell] = {}

    for name, record in present.items():
        again = _picture(record.reconstruction[row], plan)

        if torch.equal(again, pictures[0]):
            reconstruction = 0
        else:
            reconstruction = len(pictures)
            pictures.append(again)

        reel = films[name][row].thin(plan.frames) if name in films else None
        frames = [] if reel is None else list(reel.images[:-1])
        first = len(pictures)
        pictures += [_picture(frame, plan) for frame in frames]
        pictures.append(_picture(record.counterfactual[row], plan))
        cells[name] = Cell(
            reconstruction,
            len(pictures) - 1,
            first,
            reel.steps if reel and frames else (),
            reel.margin if reel and frames else (),
        )

    framed = [pad(picture, (1, 1, 1, 1), mode="replicate") for picture in pictures]
    strip = torch.cat(framed, dim=3)

    return Sheet(data_uri(strip[0]), len(pictures), cells)


def _picture(image: Tensor, plan: Plan) -> Tensor:
    return to_8_bits(_resize(image[None].float().nan_to_num(), plan.scale))


def _resize(x: Tensor, scale: float) -> Tensor:
    if scale == 1:
        return x

    size = [max(1, round(side * scale)) for side in x.shape[2:]]

    return interpolate(x, size=size, mode="area")
