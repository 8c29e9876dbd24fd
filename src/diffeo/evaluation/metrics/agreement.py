"""What independent models say."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, metric
from diffeo.evaluation.oracle_training import trained_classifier, trained_svm
from diffeo.evaluation.oracles import Oracle, classifier_oracle, forest
from diffeo.shapes import Data, Indices, Scores

__all__ = ["FOREST_ROWS", "agreement"]

FOREST_ROWS = 20_000  # a forest of more is slower, hardly better


def agreement(
    oracles: Sequence[Oracle], x: Data, target: int | Indices
) -> Float[Tensor, " batch"]:
    """Return the share of oracles that say the target.

    What turns one model's answer but not that of others, trained otherwise, is that
    model's own weakness.

    Args:
        oracles: Models independent of the one explained, and of each other.
        x: Counterfactuals.
        target: A class, or one for each row.

    Raises:
        ValueError: If there is no oracle.

    Example:
        >>> x = torch.tensor([[0.9, 0.1]])
        >>> agreement([lambda x: x.argmax(1), lambda x: x.argmin(1)], x, target=0)
        tensor([0.5000])
    """

    if not oracles:
        raise ValueError("oracles must be at least one, got none")

    return torch.stack([(each(x) == target).float() for each in oracles]).mean(0)


@metric(Better.HIGHER)
def svm_target(record: Counterfactuals, judges: Judges) -> Scores:
    """Share that an independently trained model takes for the target.

    It is a linear support-vector machine.

    Source: Dombrowski et al., 2024, Section IV-B.3, "Oracle".
    """

    return agreement([_svm(judges)], record.counterfactual, record.target.long())


@metric(Better.HIGHER)
def oracles_target(record: Counterfactuals, judges: Judges) -> Scores:
    """Share of several independent models that say the target.

    They are a linear support-vector machine, a random forest, and classifiers.
    """

    oracles = [_svm(judges), _forest(judges), *_classifiers(judges)]

    return agreement(oracles, record.counterfactual, record.target.long())


def _svm(judges: Judges) -> Oracle:
    settings = judges.settings

    return judges.once(
        "Training a support-vector machine",
        lambda: trained_svm(judges.reference.train, settings.penalty, settings.cache),
    )


def _forest(judges: Judges) -> Oracle:
    few = judges.reference.train.select(slice(FOREST_ROWS))

    return judges.once(
        "Training a random forest",
        lambda: forest(few.images, few.labels, trees=judges.settings.trees),
    )


def _classifiers(judges: Judges) -> list[Oracle]:
    train, settings = judges.reference.train, judges.settings

    return judges.once(
        "Training classifiers",
        lambda: [
            classifier_oracle(trained_classifier(train, each, settings.cache))
            for each in settings.classifiers
        ],
    )
