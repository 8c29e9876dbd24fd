"""IM1: how well autoencoders of single classes reproduce counterfactuals."""

import torch
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, by_class, metric
from diffeo.evaluation.metrics.distances import euclidean
from diffeo.evaluation.oracle_training import trained_autoencoder
from diffeo.evaluation.oracles import predicted_class
from diffeo.objectives.penalties import Autoencoder
from diffeo.shapes import Data, Scores

__all__ = ["im1"]

EPSILON = 1e-6


@torch.no_grad()
def im1(x: Data, *, source: Autoencoder, target: Autoencoder) -> Scores:
    """Return the target's reconstruction error over the source's: lower is better.

    ‖x′ − AE_target(x′)‖ / (‖x′ − AE_source(x′)‖ + ε), as in the first source; the
    second squares both norms. It means something only if the autoencoders are too small
    to reproduce other classes than their own.

    Source: Dombrowski et al., 2024, equation (24). Van Looveren and Klaise, 2021,
    Interpretable counterfactual explanations guided by prototypes, equation (5).

    Args:
        x: Counterfactuals.
        source: An autoencoder of the factuals' class.
        target: An autoencoder of the class aimed at.

    Example:
        >>> im1(torch.ones(1, 4), source=lambda x: 0 * x, target=lambda x: x / 2)
        tensor([0.5000])
    """

    return euclidean(x, target(x)) / (euclidean(x, source(x)) + EPSILON)


@metric(Better.LOWER)
def im1_mean(record: Counterfactuals, judges: Judges) -> Scores:
    """Reconstruction error of the target class's autoencoder over the source's."""

    sources = predicted_class(record.outputs_before)

    def of_target(target: int, rows: Tensor) -> Scores:
        return by_class(
            sources[rows],
            lambda source, inside: im1(
                record.counterfactual[rows[inside]],
                source=_autoencoder(judges, source),
                target=_autoencoder(judges, target),
            ),
        )

    return by_class(record.target.long(), of_target)


def _autoencoder(judges: Judges, label: int) -> Autoencoder:
    settings = judges.settings

    return judges.once(
        f"Training an autoencoder of class {label}",
        lambda: trained_autoencoder(
            judges.reference.train.of(label), settings.autoencoder, settings.cache
        ),
    )
