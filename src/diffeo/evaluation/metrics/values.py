"""How far from the target others find a value: for regression."""

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, metric
from diffeo.evaluation.metrics.agreement import FOREST_ROWS
from diffeo.evaluation.metrics.neighbors import nearest_labels
from diffeo.evaluation.oracles import forest
from diffeo.evaluation.task import Task
from diffeo.shapes import Scores

__all__ = ["value_error"]

NEIGHBORS = 3


def value_error(values: Scores, task: Task) -> Scores:
    """Return how far values are from the values at the task's target, 0 for those.

    Source: Dombrowski et al., 2024, Section IV-B.3, "Oracle" and "Nearest neighbours".

    Args:
        values: What an independent model, or real data, find in the model's place.
        task: What the counterfactuals were asked for.

    Example:
        >>> import torch
        >>> from diffeo import AtLeast, Identity
        >>> task = Task(lambda x: x.sum((1, 2, 3)), Identity((1, 2, 2)), AtLeast(3.0))
        >>> value_error(torch.tensor([1.0, 5.0]), task)
        tensor([2., 0.])
    """

    return (-task.margin(values, before=values)).clamp_min(0)


@metric(Better.LOWER)
def oracle_value_error_mean(record: Counterfactuals, judges: Judges) -> Scores:
    """How far the value of an independently trained model is from the target."""

    few = judges.reference.train.select(slice(FOREST_ROWS))
    oracle = judges.once(
        "Training a random forest",
        lambda: forest(few.images, few.labels, trees=judges.settings.trees),
    )

    return value_error(oracle(record.counterfactual), judges.task)


@metric(Better.LOWER)
def neighbor_value_error_mean(record: Counterfactuals, judges: Judges) -> Scores:
    """How far the mean value of the nearest real images is from the target.

    Source: Dombrowski et al., 2024, Figure 13, right.
    """

    train = judges.reference.train
    count = min(NEIGHBORS, len(train))
    values = nearest_labels(
        record.counterfactual, train.images, train.labels, count=count
    )

    return value_error(values.mean(1), judges.task)
