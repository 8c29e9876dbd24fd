"""The numbers of the comparison: Tables I to IV, paired differences, the tuning."""

import math
from collections.abc import Iterable, Mapping, Sequence

from diffeo.evaluation.evaluation import Evaluation
from diffeo.shapes import Scores
from reproduction.mnist.rivals import OURS

__all__ = ["PUBLISHED", "comparison_results", "headlines"]

# Tables I to III, MNIST; latent norms are those of another flow.
PUBLISHED = {
    "originals_im1_mean": 2.250,
    "originals_im1_deviation": 0.711,
    "adversarial_im1_mean": 1.603,
    "adversarial_im1_deviation": 0.317,
    "diffeomorphic_im1_mean": 1.056,
    "diffeomorphic_im1_deviation": 0.233,
    "adversarial_l2_data_mean": 2.54,
    "adversarial_l2_data_deviation": 0.61,
    "adversarial_l2_data_class_mean": 8.77,
    "adversarial_l2_data_class_deviation": 1.25,
    "diffeomorphic_l2_data_mean": 4.82,
    "diffeomorphic_l2_data_deviation": 1.20,
    "diffeomorphic_l2_data_class_mean": 9.27,
    "diffeomorphic_l2_data_class_deviation": 1.32,
    "adversarial_l2_latent_mean": 41.86,
    "adversarial_l2_latent_deviation": 2.00,
    "adversarial_l2_latent_class_mean": 42.12,
    "adversarial_l2_latent_class_deviation": 0.74,
    "diffeomorphic_l2_latent_mean": 35.26,
    "diffeomorphic_l2_latent_deviation": 4.68,
    "diffeomorphic_l2_latent_class_mean": 39.91,
    "diffeomorphic_l2_latent_class_deviation": 1.61,
}
COLUMNS = (
    "success",
    "ssim_median",
    "l2_data_median",
    "l2_latent_median",
    "svm_target",
    "knn_target",
    "im1_mean",
    "typicality_median",
    "seconds_per_image",
)
COMPARED = ("svm_target", "knn_target", "im1_mean")
SPREAD = (
    "im1_mean",
    "l2_data_median",
    "l2_data_class_mean",
    "l2_latent_median",
    "l2_latent_class_mean",
)


def comparison_results(
    evaluation: Evaluation, methods: Sequence[str], prefixes: Iterable[str]
) -> dict[str, float]:
    """Return all numbers of the comparison by name.

    A number that no row has, since none reached its target, is not a number.

    Args:
        evaluation: Of methods, each with each prefix before its name, and of controls.
        methods: Their names.
        prefixes: One for each confidence.
    """

    table = evaluation.table()
    missing = {
        f"{name}_{column}{end}": math.nan
        for name in evaluation.scores
        for column in COLUMNS
        for end in ("", "_low", "_high")
    }
    results = {**missing, **table.as_results()}

    for name in evaluation.scores:
        results |= _spread(name, evaluation.scores[name])

    for prefix in prefixes:
        results[f"{prefix}im1_closed"] = evaluation.closed(
            f"{prefix}{OURS}", "im1_mean"
        )
        results |= _pairs(evaluation, methods, prefix)

    return {
        **results,
        **{f"{note.metric}_useless": float(note.useless) for note in table.notes},
    }


def headlines(results: Mapping[str, float]) -> dict[str, float]:
    """Return what is worth a line on the terminal: no ends of intervals.

    Args:
        results: All of them.
    """

    return {
        name: value
        for name, value in results.items()
        if name.endswith((*COLUMNS, "closed"))
        or name in PUBLISHED
        or name.startswith("tuned_")
    }


def _spread(name: str, scores: Mapping[str, Scores]) -> dict[str, float]:
    """Return means and standard deviations, as Tables I to III have them."""

    results = {}

    for metric in SPREAD:
        stem = f"{name}_{metric.removesuffix('_mean').removesuffix('_median')}"
        rows = scores[metric][scores[metric].isfinite()]
        results[f"{stem}_mean"] = rows.mean().item() if len(rows) else math.nan
        results[f"{stem}_deviation"] = rows.std().item() if len(rows) > 1 else math.nan

    return results


def _pairs(
    evaluation: Evaluation, methods: Sequence[str], prefix: str
) -> dict[str, float]:
    """Return our lead over each rival, paired over the same factuals."""

    ours = f"{prefix}{OURS}"
    results: dict[str, float] = {}

    for rival in (name for name in methods if name != OURS):
        for metric in COMPARED:
            stem = f"{ours}_minus_{rival}_{metric}"
            results |= _pair(evaluation, (ours, f"{prefix}{rival}"), metric, stem)

    return results


def _pair(
    evaluation: Evaluation, names: tuple[str, str], metric: str, stem: str
) -> dict[str, float]:
    one, other = (evaluation.scores[name][metric] for name in names)
    ends = (math.nan,) * 3

    if (one - other).isfinite().any():
        found = evaluation.paired(*names, metric)
        ends = found.value, found.low, found.high

    return dict(zip((stem, f"{stem}_low", f"{stem}_high"), ends, strict=True))
