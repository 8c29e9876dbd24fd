"""From where a batch ended to the record of it."""

import torch

from diffeo.counterfactuals import (
    Counterfactuals,
    Outcome,
    SearchPath,
    Typicality,
)
from diffeo.objectives import Point
from diffeo.search.loop import Climb
from diffeo.search.state import Summit
from diffeo.shapes import Indices

__all__ = ["record_of"]


def record_of(climb: Climb, summit: Summit, seconds: float) -> Counterfactuals:
    """Return the record of one batch, its settings still empty.

    Args:
        climb: The climb.
        summit: Where its rows ended.
        seconds: What it took.
    """

    base, rows = climb.base, len(summit.latent)
    point = Point(summit.data, summit.latent, summit.outputs, base.factual, base.origin)

    return Counterfactuals(
        factual=base.factual,
        reconstruction=base.reconstruction,
        counterfactual=summit.data,
        origin=base.origin,
        latent=summit.latent,
        target=climb.hill.objective.aim(point, base.memory),
        outcome=_outcome(climb, summit),
        steps=summit.steps,
        outputs_before=base.outputs,
        outputs_after=summit.outputs,
        margin=summit.margin,
        typical=torch.full_like(summit.steps, Typicality.UNKNOWN),
        seconds=summit.margin.new_full((rows,), seconds / rows),
        batch_size=rows,
        settings={},
        paths=_paths(climb, summit),
    )


def _outcome(climb: Climb, summit: Summit) -> Indices:
    still = (summit.latent == climb.base.origin).all(1)
    there = summit.margin >= 0
    outcome = torch.full_like(summit.steps, Outcome.EXHAUSTED)

    if climb.interrupted:
        outcome[~summit.done] = Outcome.INTERRUPTED

    outcome[summit.failed] = Outcome.NONFINITE
    outcome[there] = Outcome.REACHED
    outcome[there & still] = Outcome.ALREADY

    return outcome


def _paths(climb: Climb, summit: Summit) -> tuple[SearchPath, ...]:
    if climb.trail is None or not climb.trail.points:
        return ()

    latent, margin = climb.trail.until(summit)
    number = torch.arange(latent.shape[1], device=latent.device)

    return tuple(
        SearchPath(number[:points], latent[row, :points], margin[row, :points])
        for row, points in enumerate((summit.steps + 1).tolist())
    )
