"""The directions of an audit: data of one answer, and another answer."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import permutations

import torch
from torch import Tensor

from diffeo.coordinates.protocol import Coordinates
from diffeo.objectives import (
    AtLeast,
    AtMost,
    Between,
    Objective,
    TargetClass,
    Typical,
)
from diffeo.objectives.classes import class_logits, predicted_class
from diffeo.report.images import plain_name
from diffeo.report.output_text import class_names
from diffeo.shapes import Flags, Outputs
from diffeo.workflows.explain.options import ExplainOptions

__all__ = ["AuditOptions", "Direction", "directions_of"]

FEW_CLASSES = 3  # up to which all directions between them are looked at
DIRECTIONS = 12  # otherwise, at most


@dataclass(frozen=True)
class AuditOptions:
    """What is audited, and how.

    Args:
        search: What is explained, and how, with each direction's objective in place of
            its own. Classes that it does not name are called as the labels of the data
            where there are as many, else by their numbers.
        sample: Images or rows in each direction.
        value: Whether the model returns a value, in place of a logit of class 1.
        confidence: Probability that a target class must exceed.
        density: What knows a density, if the data are to stay typical by it.

    Raises:
        ValueError: If the sample is empty.

    Example:
        >>> from torch.nn import Identity
        >>> search = "faces", "net.py:f", "mine.py:flow", Identity(), TargetClass(1)
        >>> AuditOptions(ExplainOptions(*search)).sample
        50
    """

    search: ExplainOptions
    sample: int = 50
    value: bool = False
    confidence: float = 0.99
    density: Coordinates | None = None

    def __post_init__(self) -> None:
        if self.sample < 1:
            raise ValueError(f"sample must be at least 1, got {self.sample}")

    def towards(self, direction: "Direction") -> ExplainOptions:
        """Return what is explained in a direction, and how."""

        goal: Objective = direction.objective

        if self.density is not None:
            goal = Typical(goal, self.density)

        return replace(self.search, objective=goal)


@dataclass(frozen=True, eq=False)
class Direction:
    """Data of one answer, and another answer that they are brought to.

    Args:
        number: Of the direction; names may be alike once they are names of folders.
        start: The answer that they have, in words.
        goal: The answer that they are to have, in words.
        objective: The same for a search.
        rows: Their numbers among all data.

    Example:
        >>> Direction(1, "four", "nine", TargetClass(9), torch.tensor([3])).folder
        '1-four-to-nine'
    """

    number: int
    start: str
    goal: str
    objective: TargetClass | Between
    rows: Tensor

    @property
    def folder(self) -> str:
        """Name of the folder with its results."""

        return f"{self.number}-{plain_name(self.start)}-to-{plain_name(self.goal)}"

    def holds(self, outputs: Outputs) -> Flags:
        """Return whether answers are what they are to be, however sure.

        Args:
            outputs: Of the model.
        """

        goal = self.objective

        if isinstance(goal, TargetClass):
            return predicted_class(outputs) == torch.tensor(goal.target)

        values = outputs.reshape(-1)

        return (values >= goal.low) & (values <= goal.high)


def directions_of(outputs: Tensor, options: AuditOptions) -> list[Direction]:
    """Return the directions between a model's answers, with a sample of data each.

    Of at most three classes they are all pairs; of more, from each class to the answer
    that most often is second, the twelve with most data. Of values they are up, from
    below the median to the upper quartile at least, and down.

    Args:
        outputs: The model's outputs for all data.
        options: What is audited, and how.

    Raises:
        ValueError: If there are no two answers, or too few names of classes.

    Example:
        >>> from torch.nn import Identity
        >>> outputs = torch.tensor([[2.0, 1.0], [0.0, 1.0], [3.0, 1.0]])
        >>> search = "", "", "", Identity(), TargetClass("other")
        >>> options = ExplainOptions(*search, classes=("cat", "dog"))
        >>> [way.folder for way in directions_of(outputs, AuditOptions(options))]
        ['1-cat-to-dog', '2-dog-to-cat']
    """

    generator = torch.Generator().manual_seed(options.search.run.seed)
    order = torch.randperm(len(outputs), generator=generator)

    def sample(wanted: Tensor) -> Tensor:
        return order[wanted[order]][: options.sample].sort().values

    if options.value:
        return _value_directions(outputs, sample)

    scores = class_logits(outputs)
    ranked = scores.argsort(stable=True, dim=1, descending=True)
    answers, second = ranked[:, 0], ranked[:, 1]
    count = scores.shape[1]
    names = options.search.classes or tuple(map(str, range(count)))
    class_names(outputs[:1], names)  # refuses names of other classes

    return [
        Direction(
            number,
            names[start],
            names[goal],
            TargetClass(goal, options.confidence),
            sample(answers == start),
        )
        for number, (start, goal) in enumerate(
            _pairs(answers.tolist(), second.tolist(), count), 1
        )
    ]


def _value_directions(
    outputs: Tensor, sample: Callable[[Tensor], Tensor]
) -> list[Direction]:
    values = outputs.reshape(-1).double()
    low, middle, high = values.quantile(torch.tensor((0.25, 0.5, 0.75)).double())

    if not low < high:
        raise ValueError(
            f"the model must answer differently for these data, got {low:.4g} for "
            "most of them"
        )

    up = f"below {middle:.4g}", f"at least {high:.4g}", AtLeast(high.item())
    down = f"above {middle:.4g}", f"at most {low:.4g}", AtMost(low.item())

    return [
        Direction(1, *up, sample(values < middle)),
        Direction(2, *down, sample(values > middle)),
    ]


def _pairs(answers: list[int], second: list[int], count: int) -> list[tuple[int, int]]:
    there = Counter(answers)

    if count <= FEW_CLASSES:
        return [(a, b) for a, b in permutations(range(count), 2) if there[a]]

    seconds = Counter(zip(answers, second, strict=True))

    return [
        max((way for way in seconds if way[0] == answer), key=seconds.__getitem__)
        for answer, _ in there.most_common(DIRECTIONS)
    ]
