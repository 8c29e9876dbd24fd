"""A row for each input of a search."""

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from jaxtyping import Int
from torch import Tensor

from diffeo.counterfactuals.checks import check_kinds, check_record, goal_settings
from diffeo.counterfactuals.file import read_record, write_record
from diffeo.counterfactuals.outcome import Outcome
from diffeo.counterfactuals.path import SearchPath, joined, parted
from diffeo.objectives import confidence_of
from diffeo.shapes import Data, Flags, Indices, Latent, Outputs, Scores

__all__ = ["Counterfactuals", "choose", "concatenate"]

T = TypeVar("T")
EXACT = 1e-3  # of 1, or of a larger value: by so much an exact round trip may miss
STATED = "statement_"  # before the name of a statement among the tensors


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
        rows = len(self.factual)
        counts = {name: len(value) for name, value in self.tensors().items()}
        counts |= {"names": len(self.names or self.factual)}
        counts |= {"paths": len(self.paths or self.factual)}

        for name, count in counts.items():
            if count != rows:
                raise ValueError(
                    f"{name} must have a row for each of {rows} factuals, got {count}"
                )

        for name, value in self.statements.items():
            if value.ndim != 1 or not value.is_floating_point():
                raise ValueError(
                    f"statement {name} must be a float for each row, got {value.dtype} "
                    f"of shape {tuple(value.shape)}"
                )

    def __len__(self) -> int:
        """Return the number of rows."""

        return len(self.factual)

    def __repr__(self) -> str:
        """Return how many rows ended in which way, and the medians of the reached."""

        counts = ", ".join(
            f"{count} {outcome.meaning}" for outcome, count in self.counts().items()
        )
        head = f"Counterfactuals of {len(self)} rows: {counts}"

        if not self.exact.all():
            head += f"; {int((~self.exact).sum())} only approximately encoded"

        reached = self.select(self.reached)

        if len(reached) == 0:
            return head

        medians = {
            "distance": reached.distance,
            "latent distance": reached.latent_distance,
        }

        if self.is_of_classes:
            medians["confidence"] = reached.confidence

        told = [f"{int(reached.steps.median())} steps"]
        told += [f"{name} {value.median():.4g}" for name, value in medians.items()]

        return f"{head}\nmedians: {', '.join(told)}"

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
    def round_trip(self) -> Scores:
        """Greatest absolute difference of each reconstruction from its input."""

        difference: Scores = (self.reconstruction - self.factual).flatten(1).abs()

        return difference.amax(1)

    @property
    def exact(self) -> Flags:
        """Which inputs are decoded from their coordinates, but for rounding.

        The counterfactual of another row is one of its reconstruction.
        """

        largest = self.factual.flatten(1).abs().amax(1).clamp_min(1)

        return self.round_trip <= EXACT * largest

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
        """Return what a row is called: its name, or else its number.

        Args:
            row: From 0 on.
        """

        return self.names[row] if self.names else f"No. {row}"

    def counts(self) -> dict[Outcome, int]:
        """Return how many rows ended in each way, the ways that occurred only."""

        found = Counter(self.outcome.tolist())

        return {outcome: found[outcome] for outcome in Outcome if outcome in found}

    def select(self, rows: Flags | Int[Tensor, " selected"]) -> "Counterfactuals":
        """Return the record of some rows.

        Args:
            rows: A flag for each row, or the rows' indices in the order wanted.
        """

        index = torch.arange(len(self), device=rows.device)[rows].tolist()
        chosen = {name: value[rows] for name, value in self.tensors().items()}

        return replace(
            self,
            **_fields(chosen),
            names=tuple(self.names[row] for row in index) if self.names else (),
            paths=tuple(self.paths[row] for row in index) if self.paths else (),
        )

    def map(self, rule: Callable[[Tensor], Tensor]) -> "Counterfactuals":
        """Return the record with each tensor changed by a rule that keeps the rows."""

        changed = {name: rule(value) for name, value in self.tensors().items()}

        return replace(
            self,
            **_fields(changed),
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

        return fields | {STATED + name: row for name, row in self.statements.items()}

    def stating(self, stated: Mapping[str, Tensor]) -> "Counterfactuals":
        """Return the record with further statements, or others of the same names.

        Args:
            stated: A number for each row, by name.
        """

        return replace(self, statements={**self.statements, **stated})

    def save(self, path: str | Path) -> None:
        """Write the record to one safetensors file, complete or not at all."""

        head = {
            "settings": json.dumps(self.settings),
            "names": json.dumps(self.names),
            "batch_size": str(self.batch_size),
        }
        write_record(Path(path), self.tensors() | joined(self.paths), head)

    @classmethod
    def load(cls, path: str | Path) -> "Counterfactuals":
        """Read a record.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is not a record of this version, or is damaged.
        """

        head, tensors = read_record(Path(path))

        try:
            return _read(head, tensors)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ValueError(
                f"record must be as it was saved, got {path}, which was changed: "
                f"{error}"
            ) from None


KINDS = {
    each.name: each.type
    for each in dataclasses.fields(Counterfactuals)
    if each.name not in ("batch_size", "settings", "names", "paths", "statements")
}


def concatenate(records: Sequence[Counterfactuals]) -> Counterfactuals:
    """Return the rows of all records, one record after the other.

    Args:
        records: At least one; names, paths and each statement are kept if all have
            them.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> one, two = (
        ...     search(x, lambda x: x.sum(1), AtLeast(1.0), Identity((2,)))
        ...     for x in (torch.zeros(1, 2), torch.zeros(2, 2))
        ... )
        >>> len(concatenate([one, two]))
        3
    """

    tensors = [record.tensors() for record in records]
    joined = {
        name: torch.cat([value[name] for value in tensors])
        for name in tensors[0]
        if all(name in value for value in tensors)
    }

    return replace(
        records[0],
        **_fields(joined),
        names=_all([record.names for record in records]),
        paths=_all([record.paths for record in records]),
    )


def choose(
    first: Flags, record: Counterfactuals, other: Counterfactuals
) -> Counterfactuals:
    """Return each row from the first record where flagged, else from the other.

    Args:
        first: A flag for each row.
        record: Where flagged rows come from.
        other: A record of the same rows.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> low, high = (
        ...     search(torch.zeros(2, 2), lambda x: x.sum(1), goal, Identity((2,)))
        ...     for goal in (AtLeast(1.0), AtLeast(5.0))
        ... )
        >>> choose(torch.tensor([True, False]), low, high).target
        tensor([1., 5.])
    """

    row = torch.arange(len(record), device=first.device)

    return concatenate([record, other]).select(torch.where(first, row, row + len(row)))


def _all(parts: Sequence[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(entry for part in parts for entry in part) if all(parts) else ()


def _fields(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return the fields that a record's tensors make up; see `tensors`."""

    stated = {
        name.removeprefix(STATED): value
        for name, value in tensors.items()
        if name.startswith(STATED)
    }

    return {name: tensors[name] for name in KINDS} | {"statements": stated}


def _length(change: Tensor) -> Scores:
    length: Scores = torch.linalg.vector_norm(change.flatten(1), dim=1)

    return length


def _read(head: Mapping[str, str], tensors: dict[str, Tensor]) -> Counterfactuals:
    settings, names = json.loads(head["settings"]), json.loads(head["names"])

    if not isinstance(settings, dict) or not isinstance(names, list):
        raise TypeError("settings must be names with values, and names a list")

    check_kinds(tensors, KINDS)
    record = Counterfactuals(
        **_fields(tensors),
        batch_size=int(head["batch_size"]),
        settings=settings,
        names=tuple(map(str, names)),
        paths=parted(tensors),
    )
    check_record(record.tensors(), record.paths, settings)

    return record
