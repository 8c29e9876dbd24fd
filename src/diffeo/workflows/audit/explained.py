"""A direction whose data were explained, and what is measured of their changes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.shapes import Data, Outputs, Scores
from diffeo.workflows.audit.directions import Direction
from diffeo.workflows.explain.options import ExplainOptions

__all__ = ["Explained", "Measured"]

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
