"""Data and trained models of a task, in one of its two forms."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.oracle_training import trained_classifier
from diffeo.models.flow.flow import Flow
from diffeo.search import Run
from diffeo.training.noise import UniformNoise
from reproduction.experiment import mean
from reproduction.truth.methods import Explained, agreeing, methods_for
from reproduction.truth.models import Trainings, misled, trained_flow
from reproduction.truth.others import other_classifiers
from reproduction.truth.scores import Spread, spread_of
from reproduction.truth.task import Task

__all__ = ["Effort", "Prepared"]


@dataclass(frozen=True)
class Effort:
    """How much is done.

    Args:
        trainings: How long models are trained.
        held_out: Validation images, and as many test images.
        tried: Validation images of each class that confidences are chosen on.
        inputs: Test images of each class that are explained.
        run: How long to search.
    """

    trainings: Trainings
    held_out: int
    tried: int
    inputs: int
    run: Run


@dataclass(frozen=True, eq=False)
class Prepared:
    """A task with its images, a flow of them, and a classifier for each form.

    Args:
        task: The task.
        validation: Images that confidences are chosen on.
        test: Images that are explained.
        spread: Of real images.
        flow: A flow of the images.
        decides: What there is to explain where the cue decides.
        correlates: The same where a tenth of the labels were wrong.
    """

    task: Task
    validation: LabelledImages
    test: LabelledImages
    spread: Spread
    flow: Flow
    decides: Explained
    correlates: Explained

    @classmethod
    def of(cls, task: Task, effort: Effort, folder: Path | None) -> "Prepared":
        """Draw the images of a task and train on them.

        Args:
            task: The task.
            effort: How much is done.
            folder: The folder of data sets.
        """

        how = effort.trainings
        train = task.images("train", folder, how.images)
        flow = trained_flow(train.images, how.epochs)
        methods = methods_for(train, flow, how.autoencoder)
        forms = []

        for data in (train, misled(train)):
            model = trained_classifier(data, how.classifier, Cache.usual())
            others = other_classifiers(data, how.classifier)
            asked = methods | agreeing(methods, others)
            forms.append(Explained(model, flow, asked, effort.run))

        return cls(
            task,
            task.images("validation", folder, effort.held_out),
            task.images("test", folder, effort.held_out),
            spread_of(task, train.select(slice(effort.held_out))),
            flow,
            *forms,
        )

    def results(self) -> dict[str, float]:
        """Return how good the models are on test images, by name."""

        images, labels = self.test.images, self.test.labels

        return {
            "classifier_accuracy": _accuracy(self.decides.model, images, labels),
            "90_classifier_accuracy": _accuracy(self.correlates.model, images, labels),
            "flow_bits_per_dim": _bits(self.flow, images),
        }

    def sure(self, quantile: float) -> tuple[float, float]:
        """Return a quantile of the confidence in validation images of each class.

        It is that of the classifier whose labels were in part wrong: none can be much
        surer than its labels are right.

        Args:
            quantile: The share of images that have a lower one.
        """

        with torch.no_grad():
            outputs = [self.correlates.model(self.validation.of(c)) for c in (0, 1)]

        less, more = (
            each.softmax(1)[:, label].quantile(quantile).item()
            for label, each in enumerate(outputs)
        )

        return less, more


@torch.no_grad()
def _accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    return mean(model(images).argmax(1) == labels)


@torch.no_grad()
def _bits(flow: Flow, images: Tensor) -> float:
    generator = torch.Generator().manual_seed(0)

    return mean(
        flow.bits_per_dimension(UniformNoise()(images, 1.0, generator=generator))
    )
