"""A row for each input of a search."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from jaxtyping import Int
from torch import Tensor

from diffeo.counterfactuals.checks import (
    check_kinds,
    check_lengths,
    check_record,
    checked_head,
    goal_settings,
)
from diffeo.counterfactuals.fields import fields_of, named_statements
from diffeo.counterfactuals.file import read_record, write_record
from diffeo.counterfactuals.outcome import Outcome
from diffeo.counterfactuals.path import SearchPath, joined, parted
from diffeo.counterfactuals.start import decoded_exactly, start_of
from diffeo.counterfactuals.text import in_two_lines
from diffeo.objectives import confidence_of
from diffeo.shapes import Data, Flags, Indices, Latent, Outputs, Scores

__all__ = ["Counterfactuals"]

HEAD = "settings", "names", "batch_size"  # at the head of a file, as JSON


@dataclass(frozen=True, eq=False, repr=False)
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
        margin: How far past the target each counterfactual is, in the objective's
            unit: there from 0 on.
        typical: A `Typicality` for each row: whether the coordinates find the input
            typical of their data; the counterfactual of an untypical one deserves
            doubt.
        seconds: Time spent on each row, a share of its batch's.
        batch_size: Rows that were searched together.
        settings: Names and values of the objective, ascent, run, coordinates and model.
        names: What each row is called, such as the file it was read from; empty if the
            rows have no names.
        paths: The path of each row; empty unless asked for.
        statements: Numbers that were found out about each row, by name, such as
            "kkt_angle"; NaN where a row has none.

    Example:
        >>> import torch
        >>> from diffeo import Identity, TargetClass, search
        >>> x = torch.zeros(4, 2)
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), Identity((2,)))
        >>> print(str(record).splitlines()[0])
        Counterfactuals of 4 rows: 4 reached the target
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
    typical: Indices
    seconds: Scores
    batch_size: int
    settings: Mapping[str, object]
    names: tuple[str, ...] = ()
    paths: tuple[SearchPath, ...] = ()
    statements: Mapping[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_lengths(self.tensors(), names=self.names, paths=self.paths)

    def __len__(self) -> int:
        """Return the number of rows."""

        return len(self.factual)

    def __repr__(self) -> str:
        """Return how many rows ended in which way, and the medians of the reached."""

        return in_two_lines(self)

    @property
    def reached(self) -> Flags:
        """Which rows are at their target, from the start or by the search."""

        return (self.outcome == Outcome.ALREADY) | (self.outcome == Outcome.REACHED)

    @property
    def finished(self) -> Flags:
        """Which rows were not interrupted."""

        return self.outcome != Outcome.INTERRUPTED

    @property
    def distance(self) -> Scores:
        """Euclidean distance ‖x′ − x‖ of each row, in the data's units."""

        return _length(self.counterfactual - self.factual)

    @property
    def start(self) -> Data:
        """Data at which each search began; see `start_of`."""

        return start_of(self)

    @property
    def change(self) -> Data:
        """What each search changed: the counterfactual less the data it began at."""

        return self.counterfactual - self.start

    @property
    def change_length(self) -> Scores:
        """Euclidean length of each row's change, in the data's units.

        It is the distance but for what was lost before the search.
        """

        return _length(self.change)

    @property
    def reconstruction_error(self) -> Scores:
        """Euclidean distance of each reconstruction from its input, in their units."""

        return _length(self.reconstruction - self.factual)

    @property
    def round_trip(self) -> Scores:
        """Greatest absolute difference of each reconstruction from its input."""

        difference: Scores = (self.reconstruction - self.factual).flatten(1).abs()

        return difference.amax(1)

    @property
    def exact(self) -> Flags:
        """Which inputs are decoded from their coordinates; see `decoded_exactly`."""

        return decoded_exactly(self)

    @property
    def latent_distance(self) -> Scores:
        """Euclidean distance ‖z′ − z‖ of each row, in coordinates."""

        return _length(self.latent - self.origin)

    @property
    def objective(self) -> Mapping[str, object]:
        """Settings of the objective, without those of penalties around it."""

        return goal_settings(self.settings)

    @property
    def is_of_classes(self) -> bool:
        """Whether the target is a class, so that its confidence is known."""

        return "confidence" in self.objective

    @property
    def confidence(self) -> Scores:
        """Probability of the target class of each row at its counterfactual.

        Raises:
            ValueError: If the target is not a class.
        """

        if not self.is_of_classes:
            raise ValueError(
                "the objective must be a class to have a confidence, got "
                f"{self.objective.get('name', 'none')}"
            )

        return confidence_of(self.outputs_after, self.target.long())

    def name_of(self, row: int) -> str:
        """Return what a row, counted from 0 on, is called: its name or its number."""

        return self.names[row] if self.names else f"No. {row}"

    def counts(self) -> dict[Outcome, int]:
        """Return how many rows ended in each way, the ways that occurred only."""

        found = self.outcome.tolist()

        return {each: found.count(each) for each in Outcome if each in found}

    def select(self, rows: Flags | Int[Tensor, " selected"]) -> "Counterfactuals":
        """Return the record of some rows.

        Args:
            rows: A flag for each row, or the rows' indices in the order wanted.
        """

        index = torch.arange(len(self), device=rows.device)[rows].tolist()
        chosen = {name: value[rows] for name, value in self.tensors().items()}

        return replace(
            self,
            **fields_of(chosen),
            names=tuple(self.names[row] for row in index) if self.names else (),
            paths=tuple(self.paths[row] for row in index) if self.paths else (),
        )

    def map(self, rule: Callable[[Tensor], Tensor]) -> "Counterfactuals":
        """Return the record with each tensor changed by a rule that keeps the rows."""

        changed = {name: rule(value) for name, value in self.tensors().items()}

        return replace(
            self,
            **fields_of(changed),
            paths=tuple(SearchPath(*map(rule, path)) for path in self.paths),
        )

    def to(self, device: torch.device | str) -> "Counterfactuals":
        """Return the record with all tensors on a device."""

        return self.map(lambda value: value.to(device))

    def tensors(self) -> dict[str, Tensor]:
        """Return all tensors that have a row for each input, by name.

        They are the fields and, as "statement_NAME", the statements.
        """

        fields: dict[str, Tensor] = {name: getattr(self, name) for name in KINDS}

        return fields | named_statements(self.statements)

    def stating(self, stated: Mapping[str, Tensor]) -> "Counterfactuals":
        """Return the record with further statements, or others of the same names.

        Args:
            stated: A number for each row, by name.
        """

        return replace(self, statements={**self.statements, **stated})

    def save(self, path: str | Path) -> None:
        """Write the record to one safetensors file, complete or not at all."""

        head = {name: getattr(self, name) for name in HEAD}
        write_record(Path(path), self.tensors() | joined(self.paths), head)

    @classmethod
    def load(cls, path: str | Path) -> "Counterfactuals":
        """Read a record.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is not a record of this version, or is damaged.
        """

        return read_record(Path(path), _read)


KINDS = {
    each.name: each.type
    for each in dataclasses.fields(Counterfactuals)
    if each.name not in (*HEAD, "paths", "statements")
}


def _length(change: Tensor) -> Scores:
    length: Scores = torch.linalg.vector_norm(change.flatten(1), dim=1)

    return length


def _read(head: Mapping[str, object], tensors: dict[str, Tensor]) -> Counterfactuals:
    fields = checked_head(head)
    check_kinds(tensors, KINDS)
    record = Counterfactuals(**fields_of(tensors), **fields, paths=parted(tensors))
    check_record(record.tensors(), record.paths, record.settings)

    return record
