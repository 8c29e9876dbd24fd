"""What an audit asks of its data, whatever their kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.report.section import Section
from diffeo.shapes import Data, Outputs, Scores
from diffeo.workflows.audit.directions import Direction
from diffeo.workflows.audit.judges import Trainer
from diffeo.workflows.explain.images import ImagesToExplain
from diffeo.workflows.explain.options import ExplainOptions
from diffeo.workflows.explain.table import TableToExplain

__all__ = ["Audited", "Explained", "Measured"]

HeldOut = Float[Tensor, "others *data"]


@dataclass(frozen=True, eq=False)
class Explained:
    """A direction whose data were explained.

    Args:
        direction: The direction.
        search: What was explained, and how.
        record: Its searches.
        answers: The model that is audited, from data to outputs.
        held_out: The data that no direction explains.
        told: Figures and names of what was found, as audit.json holds them.

    Example:
        >>> Explained(..., ..., ..., len, ...).answers([])  # doctest: +SKIP
        0
    """

    direction: Direction
    search: ExplainOptions
    record: Counterfactuals
    answers: Callable[[Data], Outputs]
    held_out: HeldOut
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def found(self) -> Counterfactuals:
        """The searches that reached the other answer."""

        return self.record.select(self.record.reached)


class Measured(NamedTuple):
    """What changed in the data that reached the other answer of a direction.

    Args:
        size: How far each lies from where its search began.
        points: Changes as they are told apart, shape (rows, numbers).
        told: All that is of one kind of data, as JSON can hold it; among it `regions`,
            the share of the change and of the data in each part of them by name, and
            `map`, the mean change as rows of numbers.

    Example:
        >>> import torch
        >>> Measured(torch.ones(2), torch.ones(2, 3), {}).told
        {}
    """

    size: Scores
    points: Tensor
    told: dict[str, Any]


@runtime_checkable
class Audited(Protocol):
    """Data of one kind, and what there is to say of their changes.

    Example:
        >>> from diffeo.workflows.audit.images import AuditedImages
        >>> AuditedImages.noun
        'images'
    """

    noun: str
    """What the data are called, such as "images"."""

    unit: str
    """What follows a distance between such data; empty if it has no unit."""

    @property
    def limits(self) -> Sequence[str]:
        """What an audit of such data cannot say, in sentences."""

    @property
    def source(self) -> ImagesToExplain | TableToExplain:
        """All data, of which some are explained."""

    @property
    def judges(self) -> Mapping[str, Trainer]:
        """How independent judges are trained, by their kind."""

    def measured(self, explained: Explained) -> Measured:
        """Return what changed in the data of a direction that reached its answer."""

    def words(self, told: dict[str, Any]) -> list[str]:
        """Return the same in sentences.

        Args:
            told: Of the direction, as audit.json holds it.
        """

    def most(self, told: dict[str, Any]) -> str:
        """Return what of the data changed most, as the cell of a table.

        Args:
            told: Of the direction, as audit.json holds it.
        """

    def sections(self, explained: Explained) -> list[Section]:
        """Return the same as parts of a page, the first without its title.

        Args:
            explained: A direction of which some data reached the other answer.
        """

    def draw(self, explained: Explained, folder: Path) -> None:
        """Draw the page of a direction.

        Args:
            explained: The direction.
            folder: Where its record lies.
        """
