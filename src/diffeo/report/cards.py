"""What a page shows of an input: pictures, or the values that changed most."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from diffeo.counterfactuals import Counterfactuals
from diffeo.report.images import data_uri, drawable, signed_difference
from diffeo.report.path_frames import PathFrames

__all__ = ["Cards", "plan"]

BUDGET = 10_000_000  # bytes of all pictures of a page, as text
SAMPLE = 8  # pictures of a method by which the bytes of all are estimated
STILLS = 5  # pictures of a search without its path
FRAMES = 9  # most pictures of a path
FEWEST_FRAMES = 3
LARGEST_SIDE = 128  # pixels of a picture on the page
VISIBLE = 1.5 / 255  # change of a pixel from which a reconstruction is shown
FEATURES = 8  # that changed most, where data are no images


@dataclass(frozen=True)
class Cards:
    """The pictures of inputs, as text that a page can hold.

    Args:
        records: Of the same factuals, by method.
        limit: Change of a pixel that has the full color of a difference.
        names: What the features of data that are no images are called.
    """

    records: Mapping[str, Counterfactuals]
    limit: float
    names: Sequence[str] = ()

    def factual(self, method: str, row: int) -> str:
        """Return the picture of an input."""

        return data_uri(_reduced(self.records[method].factual[row]))

    def pictures(self, method: str, row: int) -> dict[str, str]:
        """Return the pictures of a search by their caption."""

        record = self.records[method]
        before = _reduced(record.factual[row])
        again = _reduced(record.reconstruction[row])
        after = _reduced(record.counterfactual[row])
        differs = (again - before).abs().max() > VISIBLE
        pictures = {"reconstruction": data_uri(again)} if differs else {}

        return pictures | {
            "x′": data_uri(after),
            "x′ − x": data_uri(signed_difference(before, after, self.limit)),
        }

    def frames(self, path: PathFrames) -> list[str]:
        """Return the pictures of a path."""

        return [data_uri(_reduced(image)) for image in path.images]

    def features(self, method: str, row: int) -> list[tuple[str, float, float]]:
        """Return name, value before and value after of what changed most."""

        record = self.records[method]
        before = record.factual[row].flatten()
        after = record.counterfactual[row].flatten()
        most = (after - before).abs().nan_to_num().argsort(descending=True)[:FEATURES]
        places = torch.stack(torch.unravel_index(most, record.factual.shape[1:]), 1)
        names = [", ".join(map(str, place)) for place in places.tolist()]

        if self.names:
            names = [self.names[index] for index in most.tolist()]

        return list(
            zip(names, before[most].tolist(), after[most].tolist(), strict=True)
        )


def plan(records: Mapping[str, Counterfactuals], limit: int) -> tuple[int, int]:
    """Return how many rows and frames of each path the size of a page allows.

    Args:
        records: What is to be shown, by method.
        limit: Most rows to show.

    Returns:
        Most rows, and most frames of a path; 0 for none.
    """

    longest = max(map(len, records.values()))
    sample = [
        data_uri(_reduced(image))
        for record in records.values()
        for image in record.counterfactual[:: 1 + len(record) // SAMPLE]
        if drawable(record.factual)
    ]

    if not sample:
        return limit, 0

    pictures = BUDGET / len(records) / statistics.mean(map(len, sample))
    rows = max(1, min(limit, longest, int(pictures / STILLS)))
    frames = int(pictures / rows) - STILLS

    return rows, min(frames, FRAMES) if frames >= FEWEST_FRAMES else 0


def _reduced(image: Tensor) -> Tensor:
    """Return an image no larger than pages show it."""

    scale = min(1.0, LARGEST_SIDE / max(image.shape[1:]))
    size = [max(1, round(side * scale)) for side in image.shape[1:]]

    return interpolate(image.float().nan_to_num()[None], size, mode="area")[0]
