"""A data set with two classes, and what is reported of every such one."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from diffeo.batching import batches_of
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.labelled import LabelledImages
from diffeo.data.levels import to_8_bits
from diffeo.evaluation.evaluation import Evaluation
from diffeo.evaluation.intervals import (
    UNKNOWN,
    Interval,
    Statistic,
    interval_of,
    share,
)
from diffeo.evaluation.oracles import Oracle
from diffeo.models.flow.flow import Flow
from diffeo.shapes import Images, Model, Scores
from diffeo.training.noise import Noise

__all__ = [
    "Domain",
    "accuracies",
    "flow_figures",
    "known",
    "lead",
    "method_results",
    "surviving",
]

NAMES = {
    "success": "reached_{}",
    "svm_target": "oracle_target_{}",
    "consensus_target": "consensus_target_{}",
    "knn_target": "knn_target_{}",
    "ssim_median": "ssim_{}_median",
    "l2_data_median": "l2_data_{}_median",
    "l2_latent_median": "l2_latent_{}_median",
    "l2_data_class_mean": "l2_data_class_{}_mean",
    "l2_latent_class_mean": "l2_latent_class_{}_mean",
    "im1_mean": "im1_{}_mean",
    "typicality_median": "typicality_{}_median",
    "seconds_per_image": "seconds_per_image_{}",
}
"""The name of a result by that of the metric; "{}" stands for the method."""
COMPARED = "svm_target", "consensus_target", "knn_target", "im1_mean"


@dataclass(frozen=True, eq=False)
class Domain:
    """Real images of two classes and a flow of such images.

    Args:
        train: What models and judges learn from.
        held_out: What none of them has seen.
        flow: The flow.
        source: The class that images are of.
        target: The class that they are to become.
    """

    train: LabelledImages
    held_out: LabelledImages
    flow: Flow
    source: int
    target: int


def method_results(evaluation: Evaluation, ours: str, other: str) -> dict[str, float]:
    """Return what judges say of methods and controls, and our leads over another.

    Args:
        evaluation: Of all methods and their controls.
        ours: Name of a method.
        other: Name of the one that it is compared with on the same factuals.
    """

    results: dict[str, float] = {}

    for found in evaluation.table().measurements:
        interval = Interval(found.value, found.low, found.high, found.rows)
        results |= interval.as_results(NAMES[found.metric].format(found.name))

    for metric in COMPARED:
        stem = NAMES[metric].format(f"{ours}_minus_{other}")
        results |= lead(evaluation, ours, other, metric).as_results(stem)

    return results


def lead(evaluation: Evaluation, one: str, other: str, metric: str) -> Interval:
    """Return the mean lead of a method over another on the same factuals.

    Args:
        evaluation: Of both.
        one: Name of the method.
        other: Name of the other.
        metric: Name of what is compared.
    """

    if not evaluation.difference(one, other, metric).isfinite().any():
        return UNKNOWN

    return evaluation.paired(one, other, metric)


def known(values: Scores, statistic: Statistic) -> Interval:
    """Return a statistic with its interval; not a number if there are no values."""

    return interval_of(values, statistic) if len(values) else UNKNOWN


@torch.no_grad()
def flow_figures(flow: Flow, held_out: Images, noise: Noise) -> dict[str, float]:
    """Return bits per dimension of noisy images, and how exactly clean ones come back.

    Args:
        flow: The flow.
        held_out: Images that it has not seen.
        noise: What it was trained with, as at the end of its training.
    """

    generator = torch.Generator().manual_seed(0)
    bits, errors, norms = [], [], []

    for x in batches_of(held_out, 100):
        bits.append(flow.bits_per_dimension(noise(x, 1.0, generator=generator)))
        z = flow.encode(x)
        norms.append(z.norm(dim=1))
        errors.append((flow.decode(z) - x).abs().flatten(1).amax(1))

    return {
        "flow_bits_per_dim": torch.cat(bits).mean().item(),
        "flow_round_trip_error": torch.cat(errors).max().item(),
        "flow_parameters": float(sum(each.numel() for each in flow.parameters())),
        "latent_norm_mean": torch.cat(norms).mean().item(),
    }


def accuracies(stem: str, oracle: Oracle, data: LabelledImages) -> dict[str, float]:
    """Return the share that a classifier gets right, and its mean over the classes.

    Args:
        stem: Name of the classifier.
        oracle: The classifier.
        data: Labelled images that it has not seen.
    """

    right = (oracle(data.images) == data.labels).double()
    classes = [data.labels == label for label in range(data.classes)]
    balanced = torch.stack([right[rows].mean() for rows in classes if rows.any()])

    return {
        **interval_of(right, share).as_results(f"{stem}_accuracy"),
        f"{stem}_balanced_accuracy": balanced.mean().item(),
    }


@torch.no_grad()
def surviving(
    records: Mapping[str, Counterfactuals], model: Model, confidence: float
) -> dict[str, float]:
    """Return which share of those at the target stay there in coarser pixels.

    Args:
        records: By method.
        model: The classifier, from images to logits.
        confidence: Probability that it must have in the target.
    """

    results: dict[str, float] = {}

    for name, record in records.items():
        x, target = record.counterfactual[record.reached], record.target[record.reached]

        for bits, rounded in ((8, to_8_bits(x)), (5, _to_levels(x, 32))):
            probability = model(rounded).softmax(1)
            sure = probability.gather(1, target.long()[:, None])[:, 0] >= confidence
            found = known(sure.double(), share)
            results |= found.as_results(f"reached_{name}_{bits}bit")

    return results


def _to_levels(x: Tensor, levels: int) -> Tensor:
    """Round to bins of equal width, whose centers lie inside of [0, 1]."""

    return ((x * levels).floor().clamp(0, levels - 1) + 0.5) / levels
