"""Metrics beyond the paper's as parts."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch

from diffeo.evaluation.controls import Subject
from diffeo.evaluation.intervals import median
from diffeo.evaluation.metric import Better, Metric, by_class
from diffeo.evaluation.metrics.cout import cout
from diffeo.evaluation.metrics.distances import distance
from diffeo.evaluation.metrics.sparsity import hoyer
from diffeo.evaluation.metrics.typicality import log_density, typicality
from diffeo.evaluation.oracles import Oracle, consensus
from diffeo.evaluation.reference import Reference
from diffeo.geometry.tangent import neighbor_tangent, share_along
from diffeo.shapes import Data, Images, Model, Scores

__all__ = [
    "Density",
    "change_along_data",
    "composition",
    "insertion",
    "oracle_consensus",
    "sparsity",
    "typical_density",
]


@runtime_checkable
class Density(Protocol):
    """Coordinates that know how probable data are."""

    def log_prob(self, x: Data) -> Scores:
        """Return the log-density of data, in nats."""


def composition() -> Metric:
    """Return what is lost on the way to the coordinates and back."""

    return Metric(
        "composition_error_mean",
        Better.LOWER,
        "Distance of the factuals to themselves encoded and decoded.",
        lambda subject: distance(subject.reconstruction, subject.factual),
        failures=True,
    )


def sparsity() -> Metric:
    """Return how few pixels change."""

    return Metric(
        "sparsity_mean",
        Better.HIGHER,
        "Hoyer's sparsity of the change: 1 for a single pixel, 0 for all alike.",
        lambda subject: hoyer(subject.change),
    )


def oracle_consensus(oracles: Sequence[Oracle]) -> Metric:
    """Return the share of several independent models that say the target.

    Args:
        oracles: The models.
    """

    return Metric(
        "oracles_target",
        Better.HIGHER,
        f"Share of {len(oracles)} independent models that say the target.",
        lambda subject: consensus(
            oracles, subject.counterfactual, subject.target_class
        ),
    )


def insertion(model: Model, *, steps: int = 50) -> Metric:
    """Return COUT, the area between the model's curves while pixels are inserted.

    Args:
        model: The classifier under explanation.
        steps: In how many parts the pixels are inserted.
    """

    def measure(subject: Subject) -> Scores:
        scores = cout(
            subject.factual,
            subject.counterfactual,
            model,
            source=subject.source_class,
            target=subject.target_class,
            steps=steps,
        )

        return torch.where(subject.change.flatten(1).any(1), scores, torch.nan)

    return Metric(
        "cout_mean",
        Better.HIGHER,
        "How soon the model turns when the most changed pixels come first: 1 at once.",
        measure,
    )


def change_along_data(
    factual: Images, reference: Reference, *, neighbors: int = 200, axes: int = 50
) -> Metric:
    """Return the share of the change inside the data's tangent space.

    Args:
        factual: Of all that will be judged, in order.
        reference: Whose training data lie on the manifold.
        neighbors: Of a factual, that span its tangent space.
        axes: Dimension of that space.
    """

    most = min(neighbors, len(reference.train))
    tangent = neighbor_tangent(
        factual,
        reference.train.images,
        neighbors=most,
        dimension=min(axes, most - 1),
    )

    return Metric(
        "tangent_share_mean",
        Better.HIGHER,
        f"Share of the change along the {tangent.shape[2]} main directions of the "
        "nearest real images.",
        lambda subject: share_along(subject.change, tangent[: len(subject)]),
    )


def typical_density(
    density: Density, reference: Reference, *, most: int = 500, draws: int = 8
) -> Metric:
    """Return how typical the log-density is among held-out data of the target class.

    Args:
        density: Of a generative model.
        reference: Real data.
        most: Held-out data of a class that are looked at, the last ones: the control of
            real data has the first.
        draws: Of the dequantization noise.
    """

    known: dict[int, Scores] = {}

    def of_class(label: int) -> Scores:
        if label not in known:
            members = reference.held_out.of(label)[-most:]
            known[label] = log_density(members, density.log_prob, draws=draws)

        return known[label]

    def measure(subject: Subject) -> Scores:
        found = log_density(subject.counterfactual, density.log_prob, draws=draws)

        return by_class(
            subject.target_class,
            lambda label, rows: typicality(found[rows], of_class(label)),
        )

    return Metric(
        "typicality_median",
        Better.HIGHER,
        "1 for the density of the median real image, 0 for any beyond all real ones; "
        "real images have a half.",
        measure,
        median,
    )
