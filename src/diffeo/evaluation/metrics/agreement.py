"""What independent models and the nearest real data say."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.intervals import share
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, metric
from diffeo.evaluation.oracles import Oracle
from diffeo.evaluation.task import Task
from diffeo.shapes import Data, Flags, Images, Indices, Scores

__all__ = [
    "majority",
    "nearest_labels",
    "neighbor_share",
    "value_error",
    "votes",
]

VALUES = 3  # nearest real data whose values are averaged


def votes(
    oracles: Sequence[Oracle], x: Data, target: int | Indices
) -> Float[Tensor, "oracles batch"]:
    """Return 1 where an oracle says the target, else 0: a row for each oracle.

    What turns one model's answer but not that of others, trained otherwise, is that
    model's own weakness.

    Args:
        oracles: At least one model, independent of the one explained and the others.
        x: Counterfactuals.
        target: A class, or one for each row.

    Example:
        >>> votes([lambda x: x.argmax(1)], torch.tensor([[0.9, 0.1]]), target=0)
        tensor([[1.]])
    """

    return torch.stack([(each(x) == target).float() for each in oracles])


def majority(voted: Float[Tensor, "oracles batch"]) -> Flags:
    """Return whether more than half of the oracles say the target: of four, three.

    Args:
        voted: What `votes` returns.

    Example:
        >>> majority(torch.tensor([[1.0, 1.0], [0.0, 1.0]]))
        tensor([False,  True])
    """

    return voted.mean(0) > 0.5


def nearest_labels(
    x: Images, data: LabelledImages, count: int
) -> Float[Tensor, "batch count"] | Int[Tensor, "batch count"]:
    """Return the labels of the nearest real data of each row.

    Args:
        x: Counterfactuals.
        data: Real data with their true classes or values.
        count: Number of neighbors of each row, by Euclidean distance.

    Example:
        >>> x = torch.tensor([0.0, 1.0, 5.0]).reshape(3, 1, 1, 1)
        >>> nearest_labels(x[:1], LabelledImages(x, torch.tensor([4, 4, 9])), 2)
        tensor([[4, 4]])
    """

    index = NearestNeighbors(n_neighbors=count, algorithm="brute")
    index.fit(data.images.flatten(1).cpu().numpy())
    nearest = index.kneighbors(x.flatten(1).cpu().numpy(), return_distance=False)

    return data.labels[torch.from_numpy(nearest).to(data.labels.device)].to(x.device)


def neighbor_share(
    x: Images, data: LabelledImages, target: int | Indices, count: int = 10
) -> Float[Tensor, " batch"]:
    """Return which share of the nearest real data is of the target class.

    Source: Dombrowski et al., 2024, Section IV-B.3, "Nearest neighbours".

    Args:
        x: Counterfactuals.
        data: Real data with their true classes.
        target: A class, or one for each row.
        count: Number of neighbors of each row, by Euclidean distance.

    Example:
        >>> x = torch.tensor([0.0, 1.0, 5.0]).reshape(3, 1, 1, 1)
        >>> neighbor_share(x[:1], LabelledImages(x, torch.tensor([4, 9, 9])), 9, 2)
        tensor([0.5000])
    """

    wanted = torch.as_tensor(target, device=x.device).reshape(-1, 1)

    return (nearest_labels(x, data, count) == wanted).float().mean(1)


def value_error(values: Scores, task: Task) -> Scores:
    """Return how far values are from the values at the task's target, 0 for those.

    Source: Dombrowski et al., 2024, Section IV-B.3, "Oracle" and "Nearest neighbours".

    Args:
        values: What an independent model, or real data, find in the model's place.
        task: What the counterfactuals were asked for.

    Example:
        >>> from diffeo import AtLeast, Identity
        >>> task = Task(lambda x: x.sum((1, 2, 3)), Identity((1, 2, 2)), AtLeast(3.0))
        >>> value_error(torch.tensor([1.0, 5.0]), task)
        tensor([2., 0.])
    """

    return (-task.margin(values, before=values)).clamp_min(0)


@metric(Better.HIGHER, share)
def svm_target(record: Counterfactuals, judges: Judges) -> Scores:
    """Share that an independently trained model takes for the target.

    It is a linear support-vector machine.

    Source: Dombrowski et al., 2024, Section IV-B.3, "Oracle".
    """

    oracles = [judges.oracles.svm]

    return votes(oracles, record.counterfactual, record.target.long())[0]


@metric(Better.HIGHER)
def oracles_target(record: Counterfactuals, judges: Judges) -> Scores:
    """Share of several independent models that say the target.

    They are a linear support-vector machine, a random forest, and classifiers.
    """

    oracles, target = judges.oracles.all, record.target.long()

    return votes(oracles, record.counterfactual, target).mean(0)


@metric(Better.HIGHER, share)
def consensus_target(record: Counterfactuals, judges: Judges) -> Scores:
    """Share for which most of several independent models say the target.

    They are those of `oracles_target`, four by default; most are three of four.
    """

    oracles, target = judges.oracles.all, record.target.long()

    return majority(votes(oracles, record.counterfactual, target)).double()


@metric(Better.HIGHER)
def knn_target(record: Counterfactuals, judges: Judges) -> Scores:
    """Share of the nearest real images that are of the target class."""

    train = judges.reference.train
    count = min(judges.settings.neighbors, len(train))

    return neighbor_share(record.counterfactual, train, record.target.long(), count)


@metric(Better.LOWER)
def oracle_value_error_mean(record: Counterfactuals, judges: Judges) -> Scores:
    """How far the value of an independently trained model is from the target."""

    return value_error(judges.oracles.forest(record.counterfactual), judges.task)


@metric(Better.LOWER)
def neighbor_value_error_mean(record: Counterfactuals, judges: Judges) -> Scores:
    """How far the mean value of the nearest real images is from the target.

    Source: Dombrowski et al., 2024, Figure 13, right.
    """

    train = judges.reference.train
    values = nearest_labels(record.counterfactual, train, min(VALUES, len(train)))

    return value_error(values.mean(1), judges.task)
