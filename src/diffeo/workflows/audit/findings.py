"""What the searches of an audited direction say, as figures and names."""

from collections.abc import Mapping
from typing import Any

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.intervals import interval_of, median
from diffeo.objectives.classes import predicted_class
from diffeo.shapes import Flags, Model
from diffeo.workflows.audit.changes import clusters_of
from diffeo.workflows.audit.explained import Explained
from diffeo.workflows.audit.images import AuditedImages
from diffeo.workflows.audit.judges import Judge, disputed
from diffeo.workflows.audit.table import AuditedTable

__all__ = ["Audited", "look_at"]

Audited = AuditedImages | AuditedTable
"""Data of one kind, and what there is to say of their changes."""

NAMED = 5  # data that flip with the least change


def look_at(
    audited: Audited,
    judges: Mapping[str, Judge],
    surrogate: Model | None,
    explained: Explained,
) -> dict[str, Any]:
    """Return what a direction's record says, as JSON can hold it.

    Args:
        audited: The data.
        judges: Independent of the model, by their kind; perhaps none.
        surrogate: Whose gradients the searches took, if not the model's own.
        explained: The direction.

    Example:
        >>> look_at(..., {}, None, ...)  # doctest: +SKIP
    """

    record, direction = explained.record, explained.direction
    failed = record.select(~record.reached)
    answered = direction.holds(failed.outputs_after)
    told: dict[str, Any] = {
        "from": direction.start,
        "to": direction.goal,
        "rows": len(record),
        "reached": len(record) - len(failed),
        "failures": _names(record, ~record.reached),
        "answered": _names(failed, answered),
    }

    if surrogate is not None:
        said = direction.holds(surrogate(failed.counterfactual))
        told["unconfirmed"] = _names(failed, said & ~answered)

    return told | (_of_reached(audited, judges, explained) if told["reached"] else {})


def _of_reached(
    audited: Audited, judges: Mapping[str, Judge], explained: Explained
) -> dict[str, Any]:
    found, (size, points, told) = explained.found, audited.measured(explained)
    middle, low, high, _ = interval_of(size.double(), median)

    return {
        "distance": {"median": middle, "low": low, "high": high},
        "steps": found.steps.double().median().item(),
        **_judged(found, judges),
        "clusters": [
            {
                "closest": found.name_of(members[0]),
                "furthest": found.name_of(members[-1]),
                "members": members,
            }
            for members in clusters_of(points, seed=explained.search.run.seed)
        ],
        "least_change": [
            {"name": found.name_of(row), "distance": size[row].item()}
            for row in size.argsort()[:NAMED].tolist()
        ],
        **told,
    }


def _judged(found: Counterfactuals, judges: Mapping[str, Judge]) -> dict[str, Any]:
    """Return what judges say of counterfactuals and inputs, if there are any."""

    x, target = found.counterfactual, found.target.long()
    before = predicted_class(found.outputs_before)

    return {
        "judges": {
            kind: judge.takes(x, target).double().mean().item()
            for kind, judge in judges.items()
        },
        "disputed": _names(found, disputed(judges, x, target)),
        "disputed_before": _names(found, disputed(judges, found.factual, before)),
    }


def _names(record: Counterfactuals, rows: Flags) -> list[str]:
    return [record.name_of(row) for row in rows.nonzero()[:, 0].tolist()]
