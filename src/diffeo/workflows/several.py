"""Several counterfactuals of each input, searched in batches that are kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.objectives import Objective
from diffeo.several import another, by_input, numbered
from diffeo.statements.diversity import diversity

__all__ = ["Passes"]


@dataclass(frozen=True)
class Passes:
    """Searches of all inputs, one after the other.

    All inputs have a first counterfactual before any has a second, so that what is
    there is of use whenever the search ends.

    Args:
        inputs: Number of inputs.
        count: Number of counterfactuals for each.
        scale: What counts as one in each number of the data; see `diversity`.

    Example:
        >>> Passes(inputs=8, count=3, scale=()).left([])
        range(1, 4)
    """

    inputs: int
    count: int
    scale: tuple[float, ...]

    def left(self, found: Sequence[Counterfactuals]) -> range:
        """Return the numbers of the searches that are not finished, from 1 on.

        Args:
            found: Records of batches, from the first of the first search on.
        """

        return range(1 + sum(map(len, found)) // self.inputs, 1 + self.count)

    def next(
        self, objective: Objective, found: Sequence[Counterfactuals]
    ) -> tuple[Objective, int]:
        """Return what to search next, and from which input on.

        Args:
            objective: What is wanted of each.
            found: Records of batches, from the first of the first search on.
        """

        ended, first = divmod(sum(map(len, found)), self.inputs)

        if ended == 0:
            return objective, first

        whole = concatenate(found)
        rows = torch.arange(ended * self.inputs).reshape(ended, self.inputs)[:, first:]

        return another(objective, [whole.select(row) for row in rows]), first

    def numbered(
        self, record: Counterfactuals, first: int, number: int
    ) -> Counterfactuals:
        """State which search a batch is of, if there are several.

        Args:
            record: Of the batch.
            first: The number of its first input.
            number: The number of the search, from 1 on.
        """

        if self.count == 1:
            return record

        return numbered(record, first=first, alternative=number)

    def whole(self, found: Sequence[Counterfactuals]) -> Counterfactuals:
        """Return the record of all rows, with their diversity if there are several.

        Args:
            found: Records of batches, from the first of the first search on.
        """

        if self.count == 1:
            return concatenate(found)

        return diversity(by_input(found), scale=self.scale)
