"""Whether a changed face is still the same person's, by a network that tells apart."""

from collections.abc import Callable

import torch

from diffeo.counterfactuals import Counterfactuals
from diffeo.shapes import Images, Model, Scores
from reproduction.celeba.instances import unit_features
from reproduction.celeba.training import INNER
from reproduction.domain import trained
from reproduction.experiment import mean, median

__all__ = ["identity_features", "identity_rules", "strangers"]

NEAR = 0.05  # share of the pairs of different people that are nearer than the limit


def identity_features() -> Model:
    """Return the features that faces are told apart by, of their inner part.

    Raises:
        FileNotFoundError: If the network has not been trained.
    """

    network = trained("celeba-identity")

    return lambda x: network(INNER.plain(x))


@torch.no_grad()
def strangers(features: Model, faces: Images) -> Scores:
    """Return the distances of different people: of all pairs of faces.

    Args:
        features: From images to vectors.
        faces: Faces, hardly two of one person.
    """

    vectors = unit_features(features, faces)
    one, other = torch.triu_indices(len(faces), len(faces), offset=1)

    return 1 - (vectors[one] * vectors[other]).sum(1)


def identity_rules(
    features: Model, apart: Scores
) -> dict[str, Callable[[Counterfactuals], float]]:
    """Return rules for how near in features counterfactuals are to their factuals.

    "{}_identity_distance" is the share that is nearer than all but a twentieth of the
    pairs of different people, "{}_identity_ratio" the median distance over theirs. Rows
    that reached their target count.

    Args:
        features: From images to vectors, whose cosines are compared.
        apart: What `strangers` returns.
    """

    limit = apart.quantile(NEAR)

    @torch.no_grad()
    def distances(record: Counterfactuals) -> Scores:
        there = record.select(record.reached)
        before, after = (
            unit_features(features, x) for x in (there.factual, there.counterfactual)
        )

        return 1 - (before * after).sum(1)

    return {
        "{}_identity_distance": lambda record: mean(distances(record) < limit),
        "{}_identity_ratio": lambda record: median(distances(record)) / median(apart),
    }
