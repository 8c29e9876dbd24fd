"""What became of all rows of a record."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.report.output_text import Answers
from diffeo.report.rows import data_distance

__all__ = ["Share", "Summary", "summary"]


@dataclass(frozen=True)
class Share:
    """Rows that ended in one way.

    Args:
        outcome: The way, in a word.
        meaning: The same for people.
        rows: How many.
        percent: Of all.
    """

    outcome: str
    meaning: str
    rows: int
    percent: float


@dataclass(frozen=True)
class Summary:
    """One method in numbers.

    Args:
        name: Of the method.
        rows: How many there are.
        reached: How many are at their target.
        untypical: How many inputs look untypical.
        shares: How many ended in each way.
        steps: Median of the rows at their target, as are the next three.
        distance: Between factual and counterfactual.
        before: Confidence in the target, or the answer, at the factual.
        after: The same at the counterfactual.
        seconds: Mean of all rows.
    """

    name: str
    rows: int
    reached: int
    untypical: int
    shares: tuple[Share, ...]
    steps: str
    distance: str
    before: str
    after: str
    seconds: str


def summary(name: str, record: Counterfactuals, answers: Answers) -> Summary:
    """Count and average the rows of a record.

    Args:
        name: Of its method.
        record: To summarize.
        answers: How to read its outputs.
    """

    there = record.select(record.reached)
    before = answers.strength(there.outputs_before, there.target)
    after = answers.strength(there.outputs_after, there.target)
    rows = len(record)

    return Summary(
        name=name,
        rows=rows,
        reached=len(there),
        untypical=int((~record.typical).sum()),
        shares=tuple(
            Share(outcome.name.lower(), outcome.meaning, count, 100 * count / rows)
            for outcome, count in record.counts().items()
        ),
        steps=_median(there.steps, "{:.0f}".format),
        distance=_median(data_distance(there), "{:.2f}".format),
        before=_median(before, answers.write),
        after=_median(after, answers.write),
        seconds=f"{record.seconds.mean().item():.2g}",
    )


def _median(values: Tensor, write: Callable[[float], str]) -> str:
    if len(values) == 0:
        return "–"

    return write(values.double().quantile(0.5).item())
