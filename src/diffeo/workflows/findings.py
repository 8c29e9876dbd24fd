"""What the searches of an audited direction say, as figures and names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from diffeo.counterfactuals import Counterfactuals
from diffeo.data.levels import to_8_bits
from diffeo.evaluation.intervals import interval_of, median
from diffeo.objectives import TargetClass
from diffeo.objectives.classes import class_logits
from diffeo.shapes import Flags, Images, Outputs
from diffeo.workflows.changes import clusters_of, region_shares
from diffeo.workflows.directions import Direction
from diffeo.workflows.quick_judges import Judge, disputed

__all__ = ["Auditor"]

NAMED = 5  # images that flip with the least change
MAP = 8  # places on a side of the map in the results


@dataclass(frozen=True, eq=False)
class Auditor:
    """What searches are looked at with.

    Args:
        answers: The model that is audited, from images to outputs.
        regions: Masks of shape (height, width) by name.
        judges: Independent of the model, by their kind; perhaps none.
        seed: Of the first centers of kinds of change.

    Example:
        >>> Auditor(lambda x: x.flatten(1), {}, {}).seed
        0
    """

    answers: Callable[[Images], Outputs]
    regions: Mapping[str, Tensor]
    judges: Mapping[str, Judge]
    seed: int = 0

    def told(self, direction: Direction, record: Counterfactuals) -> dict[str, Any]:
        """Return what a direction's record says, as JSON can hold it.

        Args:
            direction: The direction.
            record: Its searches.
        """

        found = record.select(record.reached)
        told: dict[str, Any] = {
            "from": direction.start,
            "to": direction.goal,
            "rows": len(record),
            "reached": len(found),
            "failures": _names(record, ~record.reached),
        }

        return told | (self._of_reached(direction, found) if len(found) else {})

    def _of_reached(
        self, direction: Direction, found: Counterfactuals
    ) -> dict[str, Any]:
        changes, size = found.change, found.change_length
        middle, low, high, _ = interval_of(size.double(), median)
        kept = _reaches(direction, self.answers(to_8_bits(found.counterfactual)))

        return {
            "distance": {"median": middle, "low": low, "high": high},
            "reconstruction_error": found.reconstruction_error.median().item(),
            "from_reconstruction": not torch.equal(found.start, found.factual),
            "steps": found.steps.double().median().item(),
            "after_8_bits": kept.double().mean().item(),
            **self._judged(found),
            "brighter": changes.mean().item(),
            "regions": {
                name: {"change": share, "area": area}
                for name, (share, area) in region_shares(changes, self.regions).items()
            },
            "clusters": [
                {
                    "closest": found.name_of(members[0]),
                    "furthest": found.name_of(members[-1]),
                    "members": members,
                }
                for members in clusters_of(changes, seed=self.seed)
            ],
            "least_change": [
                {"name": found.name_of(row), "distance": size[row].item()}
                for row in size.argsort()[:NAMED].tolist()
            ],
            "map": _coarse(changes.mean((0, 1))),
        }

    def _judged(self, found: Counterfactuals) -> dict[str, Any]:
        """Return what judges say of counterfactuals and inputs, if there are any."""

        if not self.judges:
            return {"judges": {}, "disputed": [], "disputed_before": []}

        x, target = found.counterfactual, found.target.long()
        before = class_logits(found.outputs_before).argmax(1)

        return {
            "judges": {
                kind: judge.takes(x, target).double().mean().item()
                for kind, judge in self.judges.items()
            },
            "disputed": _names(found, disputed(self.judges, x, target)),
            "disputed_before": _names(
                found, disputed(self.judges, found.factual, before)
            ),
        }


def _names(record: Counterfactuals, rows: Flags) -> list[str]:
    return [record.name_of(row) for row in rows.nonzero()[:, 0].tolist()]


def _coarse(mean: Tensor) -> list[list[float]]:
    pooled = adaptive_avg_pool2d(mean[None], min(MAP, *mean.shape))[0]
    rounded: list[list[float]] = pooled.double().round(decimals=6).tolist()

    return rounded


def _reaches(direction: Direction, outputs: Outputs) -> Flags:
    """Return whether answers are those that a direction aims at."""

    goal = direction.objective

    if isinstance(goal, TargetClass):
        return class_logits(outputs).argmax(1) == torch.tensor(goal.target)

    values = outputs.reshape(-1)

    return (values >= goal.low) & (values <= goal.high)
