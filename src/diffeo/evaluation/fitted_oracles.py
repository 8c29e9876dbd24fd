"""The independent models that judge classes, each fitted when it is first asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.oracle_training import trained_classifier
from diffeo.evaluation.oracles import Oracle, classifier_oracle, forest, svm
from diffeo.evaluation.settings import Settings

__all__ = ["Oracles"]

FOREST_ROWS = 20_000  # a forest of more is slower, hardly better


@dataclass(frozen=True, eq=False)
class Oracles:
    """Models that learn from real data apart from the model under explanation.

    They are a linear support-vector machine, a random forest, and small classifiers.

    Args:
        train: Real data with their classes, without what is judged.
        settings: How they are trained, and where classifiers are kept.
        tell: Called with a few words before one is trained.

    Example:
        >>> import torch
        >>> x = torch.tensor([0.0, 1.0]).reshape(2, 1, 1, 1)
        >>> data = LabelledImages(x, torch.tensor([0, 1]))
        >>> Oracles(data, Settings(trees=9)).forest(x)
        tensor([0, 1])
    """

    train: LabelledImages
    settings: Settings
    tell: Callable[[str], None] = lambda words: None  # noqa: ARG005

    @cached_property
    def svm(self) -> Oracle:
        """A linear support-vector machine."""

        self.tell("Training a support-vector machine")
        images, labels = self.train.images, self.train.labels.long()

        return svm(images, labels, penalty=self.settings.penalty)

    @cached_property
    def forest(self) -> Oracle:
        """A random forest of the first 20,000 data."""

        self.tell("Training a random forest")
        few = self.train.select(slice(FOREST_ROWS))

        return forest(few.images, few.labels, trees=self.settings.trees)

    @cached_property
    def classifiers(self) -> tuple[Oracle, ...]:
        """The small classifiers of the settings."""

        self.tell("Training classifiers")
        how, cache = self.settings.classifiers, self.settings.cache

        return tuple(
            classifier_oracle(trained_classifier(self.train, each, cache))
            for each in how
        )

    @property
    def all(self) -> tuple[Oracle, ...]:
        """All of them: two, and as many as there are classifiers."""

        return self.svm, self.forest, *self.classifiers
