"""The numbers of the comparison: Tables I to IV, paired differences, the tuning."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from diffeo.evaluation.evaluation import Evaluation
from diffeo.shapes import Scores
from reproduction.mnist.baselines import OURS

__all__ = ["PUBLISHED", "comparison_results", "headlines"]

# Mean and standard deviation of Tables I to III. Latent norms are of another flow, in
# which gray levels lie at the edge of their bin; here they lie in its middle.
TABLES = {
    "originals_im1": (2.250, 0.711),
    "adversarial_im1": (1.603, 0.317),
    "diffeomorphic_im1": (1.056, 0.233),
    "adversarial_l2_data": (2.54, 0.61),
    "adversarial_l2_data_class": (8.77, 1.25),
    "diffeomorphic_l2_data": (4.82, 1.20),
    "diffeomorphic_l2_data_class": (9.27, 1.32),
    "adversarial_l2_latent": (41.86, 2.00),
    "adversarial_l2_latent_class": (42.12, 0.74),
    "diffeomorphic_l2_latent": (35.26, 4.68),
    "diffeomorphic_l2_latent_class": (39.91, 1.61),
}
PUBLISHED = {
    f"{name}_{end}": value
    for name, pair in TABLES.items()
    for end, value in zip(("mean", "deviation"), pair, strict=True)
}
COLUMNS = (
    "success",
    "ssim_median",
    "l2_data_median",
    "l2_latent_median",
    "svm_target",
    "knn_target",
    "consensus_target",
    "im1_mean",
    "typicality_median",
    "seconds_per_image",
)
COMPARED = ("svm_target", "knn_target", "consensus_target", "im1_mean")
SPREAD = (
    "im1_mean",
    "l2_data_median",
    "l2_data_class_mean",
    "l2_latent_median",
    "l2_latent_class_mean",
)
ENDS = "", "_low", "_high"


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

    names = evaluation.scores
    parts = product(names, COLUMNS, ENDS)
    results = {f"{name}_{column}{end}": math.nan for name, column, end in parts}
    results |= evaluation.as_results()
    results |= {
        f"{name}_rows": float(scores[COMPARED[0]].isfinite().sum())
        for name, scores in names.items()
    }

    for name, metric in product(names, SPREAD):
        stem = metric.removesuffix("_mean").removesuffix("_median")
        results |= _spread(f"{name}_{stem}", names[name][metric])

    for prefix in prefixes:
        ours = f"{prefix}{OURS}"
        results[f"{prefix}im1_closed"] = evaluation.closed(ours, "im1_mean")

        for other, metric in product(methods, COMPARED):
            if other != OURS and f"{prefix}{other}" in names:
                stem = f"{ours}_minus_{other}_{metric}"
                found = evaluation.paired(ours, f"{prefix}{other}", metric)
                results |= found.as_results(stem)

    return results | {
        f"{note.metric.name}_useless": float(note.useless) for note in evaluation.notes
    }


def headlines(results: Mapping[str, float]) -> tuple[str, ...]:
    """Return the names worth a line on the terminal: no ends of intervals.

    Args:
        results: All of them.
    """

    return tuple(
        name
        for name in results
        if name.endswith((*COLUMNS, "closed"))
        or name in PUBLISHED
        or name.startswith("tuned_")
    )


def _spread(stem: str, scores: Scores) -> dict[str, float]:
    """Return mean and standard deviation, as Tables I to III have them."""

    rows = scores[scores.isfinite()]

    return {
        f"{stem}_mean": rows.mean().item(),
        f"{stem}_deviation": rows.std().item() if len(rows) > 1 else math.nan,
    }
