"""The record that a search returns."""

import dataclasses
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import torch
from jaxtyping import Float, Int
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from diffeo.shapes import Data, Flags, Indices, Latent, Outputs, Scores

__all__ = ["Counterfactuals", "Outcome", "choose", "concatenate"]

FORMAT = "diffeo-counterfactuals"
VERSION = 1


class Outcome(IntEnum):
    """How the search of a row ended."""

    ALREADY = 0
    REACHED = 1
    EXHAUSTED = 2
    INTERRUPTED = 3
    NONFINITE = 4

    @property
    def meaning(self) -> str:
        """A sentence for people."""

        return MEANINGS[self]


MEANINGS = {
    Outcome.ALREADY: "was at the target from the start",
    Outcome.REACHED: "reached the target",
    Outcome.EXHAUSTED: "ran out of steps",
    Outcome.INTERRUPTED: "was interrupted",
    Outcome.NONFINITE: "met values that are not finite",
}


@dataclass(frozen=True, eq=False)
class Counterfactuals:
    """One row for each input, whatever became of it.

    Args:
        factual: The inputs.
        reconstruction: The inputs encoded and decoded.
        counterfactual: Where the search ended: the best point it saw.
        origin: Coordinates of the inputs.
        latent: Coordinates of the counterfactuals.
        target: The class or value each row aimed at.
        outcome: An `Outcome` for each row.
        steps: How many steps led to the counterfactual.
        outputs_before: What the model answered to the inputs.
        outputs_after: What it answers to the counterfactuals.
        margin: How far past the target each counterfactual is: there from 0 on.
        typical: Whether the coordinates find the input typical of their data; the
            counterfactual of an untypical one deserves doubt.
        seconds: Time spent on each row, a share of its batch's.
        path: Coordinates along the search, the last repeated; empty unless asked for.
        path_margin: Margin along the path.
        settings: What to set to repeat the search.
    """

    factual: Data
    reconstruction: Data
    counterfactual: Data
    origin: Latent
    latent: Latent
    target: Scores
    outcome: Indices
    steps: Indices
    outputs_before: Outputs
    outputs_after: Outputs
    margin: Scores
    typical: Flags
    seconds: Scores
    path: Float[Tensor, "batch points latent"]
    path_margin: Float[Tensor, "batch points"]
    settings: dict[str, str]

    def __len__(self) -> int:
        """Return the number of rows."""

        return len(self.factual)

    @property
    def reached(self) -> Flags:
        """Which rows are at their target, from the start or by the search."""

        return (self.outcome == Outcome.ALREADY) | (self.outcome == Outcome.REACHED)

    @property
    def finished(self) -> Flags:
        """Which rows were not interrupted."""

        return self.outcome != Outcome.INTERRUPTED

    def counts(self) -> dict[Outcome, int]:
        """Return how many rows ended in each way, the ways that occurred only."""

        found = Counter(self.outcome.tolist())

        return {outcome: found[outcome] for outcome in Outcome if outcome in found}

    def select(self, rows: Flags | Int[Tensor, " selected"]) -> "Counterfactuals":
        """Return the record of some rows.

        Args:
            rows: A flag for each row, or the rows' indices in the order wanted.
        """

        return self.map(lambda value: value[rows])

    def map(self, rule: Callable[[Tensor], Tensor]) -> "Counterfactuals":
        """Return the record with each tensor changed by a rule."""

        tensors = {name: rule(value) for name, value in self.tensors().items()}

        return Counterfactuals(**tensors, settings=self.settings)

    def save(self, path: Path) -> None:
        """Write the record to one safetensors file, complete or not at all."""

        draft = path.with_name(path.name + ".part")
        tensors = {name: value.contiguous() for name, value in self.tensors().items()}
        head = {
            "format": FORMAT,
            "version": str(VERSION),
            "settings": json.dumps(self.settings),
        }
        save_file(tensors, draft, metadata=head)
        draft.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Counterfactuals":
        """Read a record.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is not a record of this version.
        """

        if not path.is_file():
            raise FileNotFoundError(f"record must be a file, got {path}")

        try:
            with safe_open(path, framework="pt") as file:
                head = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except SafetensorError as error:
            raise ValueError(
                f"record must be a safetensors file of diffeo's, got {path}: {error}"
            ) from None

        if (head.get("format"), head.get("version")) != (FORMAT, str(VERSION)):
            raise ValueError(
                f"record must be of format {FORMAT} version {VERSION}, got {path} of "
                f"format {head.get('format')} version {head.get('version')}"
            )

        return cls(**tensors, settings=json.loads(head["settings"]))

    def tensors(self) -> dict[str, Tensor]:
        """Return the fields that have a row for each input, by name."""

        values = {
            field.name: getattr(self, field.name) for field in dataclasses.fields(self)
        }

        return {
            name: value for name, value in values.items() if isinstance(value, Tensor)
        }


def concatenate(records: list[Counterfactuals]) -> Counterfactuals:
    """Return the rows of all records, one record after the other."""

    return _combine(records, lambda *values: torch.cat(values))


def choose(
    first: Flags, record: Counterfactuals, other: Counterfactuals
) -> Counterfactuals:
    """Return each row from the first record where flagged, else from the other."""

    def pick(value: Tensor, alternative: Tensor) -> Tensor:
        flags = first.reshape(-1, *(1,) * (value.ndim - 1))

        return torch.where(flags, value, alternative)

    return _combine([record, other], pick)


def _combine(
    records: list[Counterfactuals], rule: Callable[..., Tensor]
) -> Counterfactuals:
    points = max(record.path.shape[1] for record in records)
    rows = [_pad(record, points).tensors() for record in records]
    combined = {name: rule(*(row[name] for row in rows)) for name in rows[0]}

    return Counterfactuals(**combined, settings=records[0].settings)


def _pad(record: Counterfactuals, points: int) -> Counterfactuals:
    """Repeat the last point of the path."""

    missing = points - record.path.shape[1]
    path, margin = record.path, record.path_margin

    return dataclasses.replace(
        record,
        path=torch.cat((path, path[:, -1:].expand(-1, missing, -1)), dim=1),
        path_margin=torch.cat((margin, margin[:, -1:].expand(-1, missing)), dim=1),
    )
