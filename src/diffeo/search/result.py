"""From where the rows of a batch ended to the record of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from diffeo.counterfactuals import Counterfactuals, Outcome, SearchPath, choose
from diffeo.objectives import Objective, Point
from diffeo.search.problem import Rows
from diffeo.search.state import Best
from diffeo.shapes import Indices, Scores

__all__ = ["nearest", "record_of"]


def record_of(
    objective: Objective,
    rows: Rows,
    best: Best,
    *,
    interrupted: bool,
    statements: Mapping[str, Scores],
    paths: tuple[SearchPath, ...] = (),
) -> Counterfactuals:
    """Return the record of a batch, without its time and settings.

    Args:
        objective: What was ascended.
        rows: What is known of the rows.
        best: The points returned.
        interrupted: Whether rows that are not done were interrupted.
        statements: What else was found out about each row, by name.
        paths: The paths there, if they were recorded.

    Example:
        >>> from diffeo import AtLeast, Identity, NormalizedGradient
        >>> from diffeo.search.problem import Problem
        >>> from diffeo.search.state import State
        >>> parts = AtLeast(1.0), Identity((2,)), NormalizedGradient(0.5)
        >>> z = torch.zeros(2, 2)
        >>> rows = Problem(lambda x: x.sum(1), *parts).begin(z, z, typical=None)
        >>> best = State.begin(rows, z, ()).best
        >>> record_of(parts[0], rows, best, interrupted=True, statements={}).counts()
        {<Outcome.INTERRUPTED: 3>: 2}
    """

    point = Point(best.data, best.latent, best.outputs, rows.factual, rows.origin)

    return Counterfactuals(
        factual=rows.factual,
        reconstruction=rows.reconstruction,
        counterfactual=best.data,
        origin=rows.origin,
        latent=best.latent,
        target=objective.aim(point, rows.memory),
        outcome=_outcome(rows, best, interrupted=interrupted),
        steps=best.steps,
        outputs_before=rows.outputs,
        outputs_after=best.outputs,
        margin=best.margin,
        typical=rows.typical,
        seconds=torch.zeros_like(best.margin),
        batch_size=len(best.row),
        settings={},
        paths=paths,
        statements=statements,
    )


def _outcome(rows: Rows, best: Best, *, interrupted: bool) -> Indices:
    reached = best.margin >= 0
    outcome = torch.full_like(best.steps, Outcome.EXHAUSTED)

    if interrupted:
        outcome[~best.done] = Outcome.INTERRUPTED

    outcome[best.stalled] = Outcome.STALLED
    outcome[best.failed] = Outcome.NONFINITE
    outcome[reached] = Outcome.REACHED
    outcome[reached & (rows.margin >= 0)] = Outcome.ALREADY

    return outcome


def nearest(records: Sequence[Counterfactuals]) -> Counterfactuals:
    """Choose for each row, among several searches of it, the best record.

    That is the nearest to the origin among those at the target, else the one that came
    closest to it.

    Args:
        records: Records of the same rows, at least one.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> records = [
        ...     search(torch.zeros(1, 2), lambda x: x.sum(1), goal, Identity((2,)))
        ...     for goal in (AtLeast(5.0), AtLeast(1.0))
        ... ]
        >>> nearest(records).target
        tensor([1.])
    """

    best = records[0]

    for other in records[1:]:
        closer = other.latent_distance < best.latent_distance
        ahead = other.margin > best.margin
        better = torch.where(
            best.reached, other.reached & closer, other.reached | ahead
        )
        best = replace(choose(better, other, best), batch_size=best.batch_size)

    return best
