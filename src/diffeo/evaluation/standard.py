"""The metrics of the paper as parts: what each needs is found here, once."""

from collections.abc import Callable

import torch
from torch import Tensor

from diffeo.batching import batches_of
from diffeo.coordinates.protocol import Coordinates
from diffeo.evaluation.controls import Subject
from diffeo.evaluation.intervals import median
from diffeo.evaluation.metric import Better, Metric, by_class
from diffeo.evaluation.metrics.distances import class_distance, distance
from diffeo.evaluation.metrics.im1 import Autoencoder, im1
from diffeo.evaluation.metrics.neighbors import neighbor_share
from diffeo.evaluation.metrics.ssim import ssim
from diffeo.evaluation.oracles import Oracle, agreement
from diffeo.evaluation.reference import Reference
from diffeo.shapes import Data, Latent, Scores

__all__ = [
    "data_distances",
    "interpretability",
    "latent_distances",
    "nearest",
    "oracle_agreement",
    "outcomes",
    "similarity",
]

Autoencoders = Callable[[int], Autoencoder]


def outcomes() -> list[Metric]:
    """Return success and time."""

    return [
        Metric(
            "success",
            Better.HIGHER,
            "Share of rows that the model takes for the target, as sure as was asked.",
            lambda subject: subject.success.double(),
            failures=True,
        ),
        Metric(
            "seconds_per_image",
            Better.LOWER,
            "Time for one image, a share of its batch's.",
            lambda subject: subject.seconds,
            failures=True,
        ),
    ]


def similarity() -> list[Metric]:
    """Return the structural similarity to the own factual."""

    return [
        Metric(
            "ssim_median",
            Better.HIGHER,
            "How alike counterfactual and factual look: 1 if nothing changed.",
            lambda subject: ssim(subject.counterfactual, subject.factual),
            median,
        )
    ]


def data_distances(reference: Reference) -> list[Metric]:
    """Return distances in data space, to the own factual and to its whole class.

    Args:
        reference: Whose held-out data are the class.
    """

    def to_class(subject: Subject) -> Scores:
        return by_class(
            subject.source_class,
            lambda label, rows: class_distance(
                subject.counterfactual[rows], reference.held_out.of(label)
            ),
        )

    return [
        Metric(
            "l2_data_median",
            Better.LOWER,
            "Length of the change in pixels: adversarial noise is short too.",
            lambda subject: distance(subject.counterfactual, subject.factual),
            median,
        ),
        Metric(
            "l2_data_class_mean",
            Better.HIGHER,
            "Mean distance to all images of the factual's class.",
            to_class,
        ),
    ]


def latent_distances(coordinates: Coordinates, reference: Reference) -> list[Metric]:
    """Return distances in coordinates, to the own factual and to its whole class.

    Every counterfactual is encoded, whoever made it: one rule for all methods.

    Args:
        coordinates: Where distances are taken.
        reference: Whose held-out data are the class.
    """

    members: dict[int, Latent] = {}

    def of_class(label: int) -> Latent:
        if label not in members:
            members[label] = encode(coordinates, reference.held_out.of(label))

        return members[label]

    def to_own(subject: Subject) -> Scores:
        return distance(
            encode(coordinates, subject.counterfactual),
            encode(coordinates, subject.factual),
        )

    def to_class(subject: Subject) -> Scores:
        z = encode(coordinates, subject.counterfactual)

        return by_class(
            subject.source_class,
            lambda label, rows: class_distance(z[rows], of_class(label)),
        )

    return [
        Metric(
            "l2_latent_median",
            Better.LOWER,
            "Length of the change in coordinates: the flat distance along the data.",
            to_own,
            median,
        ),
        Metric(
            "l2_latent_class_mean",
            Better.HIGHER,
            "Mean distance in coordinates to all images of the factual's class.",
            to_class,
        ),
    ]


def oracle_agreement(name: str, oracle: Oracle) -> Metric:
    """Return what an independent model says.

    Args:
        name: Of the metric.
        oracle: The model.
    """

    return Metric(
        name,
        Better.HIGHER,
        "Share that an independently trained model takes for the target.",
        lambda subject: agreement(oracle, subject.counterfactual, subject.target_class),
    )


def nearest(reference: Reference, *, count: int = 10) -> Metric:
    """Return what the nearest real data are.

    Args:
        reference: Whose training data are looked at.
        count: Neighbors of each row.
    """

    train = reference.train

    return Metric(
        "knn_target",
        Better.HIGHER,
        f"Share of the {count} nearest real images that are of the target class.",
        lambda subject: neighbor_share(
            subject.counterfactual,
            train.images,
            train.labels,
            target=subject.target_class,
            count=count,
        ),
    )


def interpretability(autoencoders: Autoencoders) -> Metric:
    """Return IM1 with autoencoders of each row's two classes.

    Args:
        autoencoders: From a class to its autoencoder.
    """

    def measure(subject: Subject) -> Scores:
        def of_target(target: int, rows: Tensor) -> Scores:
            def of_source(source: int, inside: Tensor) -> Scores:
                return im1(
                    subject.counterfactual[rows[inside]],
                    source=autoencoders(source),
                    target=autoencoders(target),
                )

            return by_class(subject.source_class[rows], of_source)

        return by_class(subject.target_class, of_target)

    return Metric(
        "im1_mean",
        Better.LOWER,
        "Reconstruction error of the target class's autoencoder over the source's.",
        measure,
    )


@torch.no_grad()
def encode(coordinates: Coordinates, x: Data) -> Latent:
    """Return the coordinates of data, some at a time."""

    return torch.cat([coordinates.encode(rows) for rows in batches_of(x, 250)])
