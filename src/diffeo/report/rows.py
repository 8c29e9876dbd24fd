"""What there is to tell of each search, row by row."""

from dataclasses import dataclass

import torch
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.report.output_text import Answers
from diffeo.shapes import Scores

__all__ = ["Entry", "data_distance", "entries", "latent_distance"]

UNTYPICAL = (
    "The input looks untypical to the generative model: what is shown for it "
    "deserves doubt."
)
REMEDIES = {
    Outcome.EXHAUSTED: "More steps or longer ones may help.",
    Outcome.INTERRUPTED: "Search it again to the end.",
    Outcome.NONFINITE: "Shorter steps may help; the best finite point is shown.",
}


@dataclass(frozen=True)
class Entry:
    """One method's search of one row.

    Args:
        row: Its number.
        method: What searched.
        says: What the model answered to the factual.
        sure: How sure it was, as text.
        aim: What it should answer.
        outcome: How the search ended, in a word.
        meaning: The same for people.
        reached: Whether the target was reached.
        typical: Whether the input is typical of the coordinates' data.
        before: Confidence in the target, or the answer, at the factual.
        after: The same at the counterfactual.
        before_text: As text.
        after_text: As text.
        steps: That led to the counterfactual.
        data_distance: Between factual and counterfactual.
        latent_distance: Between their coordinates.
        seconds: Spent.
        doubts: Sentences that say why it failed or deserves doubt.
    """

    row: int
    method: str
    says: str
    sure: str
    aim: str
    outcome: str
    meaning: str
    reached: bool
    typical: bool
    before: float
    after: float
    before_text: str
    after_text: str
    steps: int
    data_distance: float
    latent_distance: float
    seconds: float
    doubts: tuple[str, ...]


def entries(method: str, record: Counterfactuals, answers: Answers) -> list[Entry]:
    """Return an entry for each row of a record.

    Args:
        method: What the record's method is called.
        record: To tell of.
        answers: How to read its outputs.
    """

    before = answers.strength(record.outputs_before, record.target)
    after = answers.strength(record.outputs_after, record.target)
    columns = zip(
        answers.says(record.outputs_before),
        answers.sure(record.outputs_before),
        answers.aims(record.target),
        [Outcome(code) for code in record.outcome.tolist()],
        record.reached.tolist(),
        record.typical.tolist(),
        before.tolist(),
        after.tolist(),
        record.steps.tolist(),
        data_distance(record).tolist(),
        latent_distance(record).tolist(),
        record.seconds.tolist(),
        strict=True,
    )

    return [
        Entry(
            row=row,
            method=method,
            says=says,
            sure=sure,
            aim=aim,
            outcome=outcome.name.lower(),
            meaning=outcome.meaning,
            reached=reached,
            typical=typical,
            before=start,
            after=end,
            before_text=answers.write(start),
            after_text=answers.write(end),
            steps=steps,
            data_distance=in_data,
            latent_distance=in_latent,
            seconds=seconds,
            doubts=_doubts(
                outcome, f"{answers.quantity} {answers.write(end)}", typical
            ),
        )
        for row, (
            says,
            sure,
            aim,
            outcome,
            reached,
            typical,
            start,
            end,
            steps,
            in_data,
            in_latent,
            seconds,
        ) in enumerate(columns)
    ]


def data_distance(record: Counterfactuals) -> Scores:
    """Return the Euclidean distance of each counterfactual from its factual."""

    return _norm(record.counterfactual - record.factual)


def latent_distance(record: Counterfactuals) -> Scores:
    """Return the Euclidean distance of each latent from its origin."""

    return _norm(record.latent - record.origin)


def _norm(x: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(x.flatten(1), dim=1)

    return norm


def _doubts(outcome: Outcome, end: str, typical: bool) -> tuple[str, ...]:  # noqa: FBT001
    failed = (
        (f"It {outcome.meaning}; its best point has {end}. {REMEDIES[outcome]}",)
        if outcome in REMEDIES
        else ()
    )

    return failed if typical else (*failed, UNTYPICAL)
