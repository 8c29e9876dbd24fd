"""The faces and models that experiments share."""

from dataclasses import dataclass, replace
from functools import cached_property

from torch import nn

from diffeo import zoo
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.celeba import celeba
from diffeo.data.faces import Faces
from diffeo.evaluation.oracles import classifier_oracle
from diffeo.methods import Method
from diffeo.models.flow.flow import Flow, as_flow
from diffeo.search import Run
from diffeo.shapes import Images
from reproduction.celeba.training import ATTRIBUTES, MARGIN, SIZE
from reproduction.experiment import ROOT, ExperimentOptions

__all__ = ["CONFIDENCE", "Setup", "Size", "weights"]

CONFIDENCE = 0.99
WEIGHTS = ROOT / "weights"


@dataclass(frozen=True)
class Size:
    """How much of CelebA an experiment takes.

    Args:
        blond: Test faces that are to become blond.
        others: Faces for each other attribute and each of its two ways.
        run: How to search.
        train: Training faces; all if not given.
        test: Test faces; all if not given.
    """

    blond: int
    others: int
    run: Run
    train: int | None = None
    test: int | None = None


@dataclass(frozen=True, eq=False)
class Setup:
    """What is searched, and with what.

    Args:
        train: Training faces with a margin.
        test: Test faces.
        flow: The flow of faces.
        models: The classifiers under explanation, by the name of their weights.
        run: How long to search.
    """

    train: Faces
    test: Faces
    flow: Flow
    models: dict[str, nn.Module]
    run: Run

    @classmethod
    def load(cls, options: ExperimentOptions, size: Size) -> "Setup":
        """Read faces and models.

        Args:
            options: Where the data are, and whether to show bars.
            size: How much to take.

        Raises:
            FileNotFoundError: If CelebA or a model is not there.
        """

        return cls(
            celeba("train", options.data, size=SIZE, margin=MARGIN, limit=size.train),
            celeba("test", options.data, size=SIZE, limit=size.test),
            as_flow(weights("flow")),
            {name: weights(name) for name in ATTRIBUTES},
            replace(size.run, progress=options.progress),
        )

    @cached_property
    def train_squares(self) -> Faces:
        """The training faces without their margin."""

        inside = slice(MARGIN, MARGIN + SIZE)

        return replace(self.train, pixels=self.train.pixels[:, :, inside, inside])

    def factuals(self, name: str, source: int, count: int) -> Images:
        """Return the first test faces that a classifier takes for a class.

        Args:
            name: Of the classifier.
            source: The class.
            count: Most faces.
        """

        images = self.test.labelled(ATTRIBUTES[name]).images
        found = classifier_oracle(self.models[name])(images)

        return images[found == source][:count]

    def search(
        self, method: Method, name: str, x: Images, target: int, confidence: float
    ) -> Counterfactuals:
        """Let a classifier answer otherwise.

        Args:
            method: How to.
            name: Of the classifier.
            x: Faces.
            target: The class that they are to become.
            confidence: Probability that the classifier must have in it.
        """

        return method.explain(
            x,
            self.models[name],
            self.flow,
            target=target,
            confidence=confidence,
            run=self.run,
        )


def weights(name: str) -> nn.Module:
    """Return a model of faces from the folder of weights.

    Args:
        name: "flow", or the name of a classifier.

    Raises:
        FileNotFoundError: If its file is not there.
    """

    return zoo.load(WEIGHTS / f"celeba-{name}.safetensors")
