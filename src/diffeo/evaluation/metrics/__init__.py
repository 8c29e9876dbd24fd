"""All metrics, a file each: a pure function, and what the table shows of it."""

from diffeo.evaluation.metric import Metric
from diffeo.evaluation.metrics import (
    agreement,
    cout,
    distances,
    im1,
    neighbors,
    outcome,
    sparsity,
    ssim,
    tangent,
    typicality,
    values,
)

__all__ = ["CLASS_METRICS", "VALUE_METRICS"]

EVERY: tuple[Metric, ...] = (
    outcome.success,
    outcome.seconds_per_image,
    ssim.ssim_median,
    distances.l2_data_median,
    distances.l2_latent_median,
    outcome.composition_error_mean,
    tangent.tangent_share_mean,
    sparsity.sparsity_mean,
)
CLASS_METRICS: tuple[Metric, ...] = (
    *EVERY,
    distances.l2_data_class_mean,
    distances.l2_latent_class_mean,
    agreement.svm_target,
    agreement.oracles_target,
    neighbors.knn_target,
    im1.im1_mean,
    typicality.typicality_median,
    cout.cout_mean,
)
"""What is measured of counterfactuals for a class."""

VALUE_METRICS: tuple[Metric, ...] = (
    *EVERY,
    values.oracle_value_error_mean,
    values.neighbor_value_error_mean,
)
"""What is measured of counterfactuals for a value."""
