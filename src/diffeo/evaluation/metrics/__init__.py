"""All metrics: pure functions, and what the table shows of them."""

from diffeo.evaluation.metric import Metric
from diffeo.evaluation.metrics import agreement, change, outcome, realism
from diffeo.evaluation.metrics.cout import cout_mean

__all__ = ["CLASS_METRICS", "VALUE_METRICS"]

EVERY: tuple[Metric, ...] = (
    outcome.success,
    outcome.seconds_per_image,
    change.ssim_median,
    outcome.l2_data_median,
    outcome.l2_latent_median,
    outcome.composition_error_mean,
    change.tangent_share_mean,
    change.sparsity_mean,
)
CLASS_METRICS: tuple[Metric, ...] = (
    *EVERY,
    outcome.l2_data_class_mean,
    outcome.l2_latent_class_mean,
    agreement.svm_target,
    agreement.oracles_target,
    agreement.consensus_target,
    agreement.knn_target,
    realism.im1_mean,
    realism.typicality_median,
    cout_mean,
)
"""What is measured of counterfactuals for a class."""

VALUE_METRICS: tuple[Metric, ...] = (
    *EVERY,
    agreement.oracle_value_error_mean,
    agreement.neighbor_value_error_mean,
)
"""What is measured of counterfactuals for a value."""
