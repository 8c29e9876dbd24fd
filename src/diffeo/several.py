"""Several counterfactuals for each input, by changes in different directions."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from diffeo.ascents import Ascent
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.objectives import Objective, Repelled
from diffeo.search import Run, search
from diffeo.shapes import Data, Indices, Model

__all__ = [
    "alternatives",
    "another",
    "by_input",
    "check_count",
    "inputs_of",
    "numbered",
    "search_several",
]

INPUT, ALTERNATIVE = "input", "alternative"


def search_several(
    x: Data,
    model: Model,
    objective: Objective,
    coordinates: Coordinates,
    ascent: Ascent | None = None,
    run: Run | None = None,
    *,
    count: int,
) -> Counterfactuals:
    """Search so often, each time for a change unlike those that were found before.

    The first search is that of `search`. The objective of each later one is `Repelled`
    from what the row's own earlier searches found, so that rows stay independent. What
    did not reach the target repels nothing. An interrupt ends with the searches that
    have begun.

    Args:
        x: The data to explain, a row for each input.
        model: From data to logits or values, in evaluation mode.
        objective: What to reach.
        coordinates: Where to move, in evaluation mode.
        ascent: How to step; the default of `search` if not given.
        run: How long to search, in what batches, and so on.
        count: Number of counterfactuals for each input.

    Returns:
        The record of all, those of an input one after the other. The statements "input"
        and "alternative" tell which is which: the number of the input from 0 on, and
        the number of the search from 1 on.

    Raises:
        ValueError: If the count is below 1, or what is given cannot be searched.

    Example:
        >>> from diffeo import Identity, TargetClass
        >>> x, model = torch.zeros(2, 3), lambda x: x * torch.tensor([1.0, 2.0, 3.0])
        >>> goal, place = TargetClass("other"), Identity((3,))
        >>> record = search_several(x, model, goal, place, count=2)
        >>> record.statements["input"], record.statements["alternative"]
        (tensor([0., 0., 1., 1.]), tensor([1., 2., 1., 2.]))
    """

    check_count(count)
    found: list[Counterfactuals] = []

    for number in range(1, count + 1):
        goal = another(objective, found)
        record = search(x, model, goal, coordinates, ascent, run)
        found.append(numbered(record, first=0, alternative=number))

        if not record.finished.all():
            break

    return by_input(found)


def check_count(count: int) -> None:
    """Refuse a number of counterfactuals that is below 1.

    Raises:
        ValueError: If it is.

    Example:
        >>> check_count(4)
    """

    if count < 1:
        raise ValueError(
            f"the counterfactuals of an input must be at least 1, got {count}"
        )


def another(objective: Objective, found: Sequence[Counterfactuals]) -> Objective:
    """Return the objective of one more search of rows.

    Args:
        objective: What to reach.
        found: Earlier records of the same rows; perhaps none.

    Example:
        >>> from diffeo import AtLeast
        >>> another(AtLeast(2.0), [])
        Between(low=2.0, high=inf)
    """

    if not found:
        return objective

    ends = [
        torch.where(record.reached[:, None], record.latent, record.origin)
        for record in found
    ]

    return Repelled(objective, torch.stack(ends, dim=1))


def numbered(
    record: Counterfactuals, *, first: int, alternative: int
) -> Counterfactuals:
    """State of each row which input it is of, and which of its searches it is.

    Args:
        record: Of consecutive inputs, a row for each.
        first: The number of the first of these inputs.
        alternative: The number of the search, from 1 on.

    Example:
        >>> from diffeo import AtLeast, Identity
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> record = search(x, lambda x: x.sum(1), AtLeast(2.0), place)
        >>> numbered(record, first=5, alternative=1).statements["input"]
        tensor([5., 6.])
    """

    row = torch.arange(first, first + len(record)).to(record.margin)

    return record.stating({INPUT: row, ALTERNATIVE: torch.full_like(row, alternative)})


def by_input(records: Sequence[Counterfactuals]) -> Counterfactuals:
    """Return the rows of all records, those of an input one after the other.

    Args:
        records: As `numbered` returned them, one search after the other.

    Example:
        >>> from diffeo import AtLeast, Identity
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> record = search(x, lambda x: x.sum(1), AtLeast(2.0), place)
        >>> parts = [numbered(record, first=0, alternative=at) for at in (1, 2)]
        >>> by_input(parts).statements["input"]
        tensor([0., 0., 1., 1.])
    """

    whole = replace(concatenate(records), settings=records[-1].settings)

    return whole.select(inputs_of(whole).argsort(stable=True))


def inputs_of(record: Counterfactuals) -> Indices:
    """Return the number of each row's input: its own, unless inputs have several.

    Example:
        >>> from diffeo import AtLeast, Identity
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> inputs_of(search(x, lambda x: x.sum(1), AtLeast(2.0), place))
        tensor([0, 1])
    """

    row = torch.arange(len(record), device=record.margin.device)

    return record.statements.get(INPUT, row).long()


def alternatives(record: Counterfactuals) -> list[Counterfactuals]:
    """Return a record for each of the searches of the same inputs.

    Args:
        record: Of one search of each input, or as `search_several` returns it.

    Example:
        >>> from diffeo import AtLeast, Identity
        >>> x, place, goal = torch.zeros(2, 2), Identity((2,)), AtLeast(2.0)
        >>> record = search_several(x, lambda x: x.amax(1), goal, place, count=2)
        >>> [len(part) for part in alternatives(record)]
        [2, 2]
    """

    if ALTERNATIVE not in record.statements:
        return [record]

    number = record.statements[ALTERNATIVE]
    stated = {
        name: value
        for name, value in record.statements.items()
        if name not in (INPUT, ALTERNATIVE)
    }
    plain = replace(record, statements=stated)

    return [plain.select(number == each) for each in number.unique()]
