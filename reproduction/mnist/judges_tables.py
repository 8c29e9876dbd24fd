"""The numbers of what judges say: intervals over fours, and over classifiers."""

import math
from collections.abc import Mapping

import torch

from diffeo.evaluation.intervals import Interval, Statistic, interval_of, median
from diffeo.shapes import Scores
from reproduction.mnist.agreement import statistic_of
from reproduction.mnist.classifiers import SEEDS

__all__ = ["Judged", "judges_results"]

OURS, THEIRS, GAP = "diffeomorphic", "adversarial", "gap"
UNPAIRED = "success", "distance"

Judged = Mapping[str, Scores]
"""What each judge says of each row; NaN where it says nothing."""


def judges_results(
    judged: Mapping[str, Mapping[str, Judged]], real: Judged
) -> dict[str, float]:
    """Return all shares, means and medians by name, each with its interval.

    METHOD_CLASSIFIER_JUDGE is over the fours, given these models; GAP_CLASSIFIER_JUDGE
    is how far ours leads on the same fours. METHOD_models_JUDGE is the mean over the
    classifiers that differ by their seeds alone, with its standard error and range.

    Args:
        judged: By method, then by classifier.
        real: What judges say of real images of the target class.
    """

    found = {
        f"{method}_{name}_{judge}": _interval(judge, scores)
        for method, classifiers in judged.items()
        for name, rows in classifiers.items()
        for judge, scores in rows.items()
    }
    found |= {f"real_{judge}": _interval(judge, rows) for judge, rows in real.items()}
    found |= {
        f"{GAP}_{name}_{judge}": interval_of(scores - judged[THEIRS][name][judge])
        for name, rows in judged[OURS].items()
        for judge, scores in rows.items()
        if judge not in UNPAIRED
    }
    results: dict[str, float] = {}

    for stem, interval in found.items():
        results |= interval.as_results(stem)

    for method in (*judged, GAP):
        for judge in judged[OURS][SEEDS[0]]:
            keys = [f"{method}_{name}_{judge}" for name in SEEDS]
            values = [results[key] for key in keys if key in results]
            results |= _over_models(f"{method}_models_{judge}", values)

    return results


def _interval(judge: str, scores: Scores) -> Interval:
    return interval_of(scores, _statistic(judge))


def _statistic(judge: str) -> Statistic:
    is_rank_or_length = judge.startswith(("typicality", "distance"))

    return median if is_rank_or_length else statistic_of(judge)


def _over_models(stem: str, values: list[float]) -> dict[str, float]:
    """Return mean, standard error and range over classifiers, if there are any."""

    if not values:
        return {}

    each = torch.tensor(values, dtype=torch.float64)
    error = each.std().item() / len(each) ** 0.5 if len(each) > 1 else math.nan

    return {
        stem: each.mean().item(),
        f"{stem}_error": error,
        f"{stem}_least": each.min().item(),
        f"{stem}_most": each.max().item(),
    }
