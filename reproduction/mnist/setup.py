"""Fours that become nines: the data, models and searches that experiments share."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import nn

from diffeo import zoo
from diffeo.ascents import Adam, Box
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.labelled import LabelledImages
from diffeo.data.mnist import mnist
from diffeo.evaluation import intervals
from diffeo.evaluation.intervals import UNKNOWN, Interval, Statistic, interval_of
from diffeo.evaluation.metrics.agreement import neighbor_share, votes
from diffeo.evaluation.oracles import Oracle, classifier_oracle
from diffeo.methods import Method, adversarial, diffeomorphic
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.dequantization import dequantize
from diffeo.models.flow.flow import Flow, as_flow
from diffeo.objectives import TargetClass
from diffeo.search import Run
from diffeo.shapes import Images, Scores
from reproduction.domain import Domain
from reproduction.experiment import ExperimentOptions, mean

__all__ = [
    "CONFIDENCE",
    "IN_X",
    "IN_Z",
    "PAPER",
    "SOURCE",
    "TARGET",
    "Setup",
    "Size",
    "accuracy",
    "digits_flow",
    "oracle_intervals",
    "oracle_rules",
    "right_digits",
]

SOURCE, TARGET, CONFIDENCE = 4, 9, 0.99
CONTROL_ROWS, CONTROL_STEPS = 50, 300  # enough for an untrained flow
IN_Z, PAPER = diffeomorphic(), diffeomorphic(Adam(0.05))
IN_X = adversarial(Box(Adam(5e-4), 0.0, 1.0))  # as published


@dataclass(frozen=True)
class Size:
    """How much of MNIST an experiment takes.

    Args:
        fours: Test fours to be turned into nines.
        run: How to search.
        train: Training digits; all if not given.
        test: Test digits, besides the fours; all if not given.
    """

    fours: int
    run: Run
    train: int | None = None
    test: int | None = None


@dataclass(frozen=True, eq=False)
class Setup:
    """What is searched, and with what.

    Args:
        train: Training digits.
        test: Test digits.
        fours: Test fours that the classifier gets right.
        model: The classifier under explanation.
        flow: The trained flow of digits.
        run: How long to search.
        target: The digit that they are to become.
    """

    train: LabelledImages
    test: LabelledImages
    fours: Images
    model: nn.Module
    flow: Flow
    run: Run
    target: int = TARGET

    @classmethod
    def load(cls, options: ExperimentOptions, size: Size) -> "Setup":
        """Read the digits and the models.

        Args:
            options: Where the data are, and whether to show bars.
            size: How much to take.

        Raises:
            FileNotFoundError: If MNIST is not there.
        """

        train, test = mnist("train", options.data), mnist("test", options.data)
        model = zoo.load("mnist-cnn")

        return cls(
            train.select(slice(size.train)),
            test.select(slice(size.test)),
            right_digits(test, model, digit=SOURCE, count=size.fours),
            model,
            digits_flow(),
            replace(size.run, progress=options.progress),
        )

    @property
    def domain(self) -> Domain:
        """Fours and nines, with the flow and the classifier."""

        return Domain(self.train, self.test, self.flow, self.model, SOURCE, self.target)

    def search(
        self, method: Method = IN_Z, confidence: float = CONFIDENCE
    ) -> Counterfactuals:
        """Turn the fours into nines.

        Args:
            method: How to.
            confidence: Probability that the classifier must have in the nine.
        """

        return method.explain(
            self.fours,
            self.model,
            self.flow,
            TargetClass(self.target, confidence),
            self.run,
        )

    def control(self) -> Counterfactuals:
        """Turn the first 50 fours into nines with an untrained flow, in 300 steps."""

        return replace(
            self,
            fours=self.fours[:CONTROL_ROWS],
            flow=self.untrained,
            run=replace(self.run, steps=min(self.run.steps, CONTROL_STEPS)),
        ).search()

    @cached_property
    def untrained(self) -> Flow:
        """A flow of the same shape, with its data-dependent first weights only."""

        flow = as_flow(zoo.card("mnist-flow").recipe.build())
        generator = torch.Generator().manual_seed(0)
        initialize(flow, dequantize(self.train.images[:2000], generator=generator))

        return flow.eval().requires_grad_(requires_grad=False)


def digits_flow() -> Flow:
    """Return the trained flow of digits that comes with the package."""

    return as_flow(zoo.load("mnist-flow"))


def right_digits(
    digits: LabelledImages, model: nn.Module, *, digit: int, count: int
) -> Images:
    """Return the first images of a digit that a classifier gets right.

    Args:
        digits: Labelled digits.
        model: The classifier; at least every other image must be right.
        digit: Which digit.
        count: Most images.
    """

    images = digits.of(digit)[: 2 * count]

    return images[classifier_oracle(model)(images) == digit][:count]


def accuracy(oracle: Oracle, digits: LabelledImages) -> float:
    """Return the share of digits that an oracle gets right."""

    return mean(oracle(digits.images) == digits.labels)


def oracle_intervals(
    oracle: Oracle, train: LabelledImages
) -> dict[str, Callable[[Images], Interval]]:
    """Return rules for the share of nines among images that judges see.

    The interval is Wilson's for the oracle; for the neighbors, of which each image has
    ten, it is the bootstrap's.

    Args:
        oracle: An independent classifier.
        train: Where neighbors are looked for.
    """

    def rule(
        judge: Callable[[Images], Scores], statistic: Statistic
    ) -> Callable[[Images], Interval]:
        return lambda x: interval_of(judge(x), statistic) if len(x) else UNKNOWN

    return {
        "svm_target_{}": rule(lambda x: votes([oracle], x, TARGET)[0], intervals.share),
        "knn_target_{}": rule(
            lambda x: neighbor_share(x, train, TARGET), intervals.mean
        ),
    }


def oracle_rules(
    oracle: Oracle, train: LabelledImages
) -> dict[str, Callable[[Images], float]]:
    """Return the same rules for the share alone.

    Args:
        oracle: An independent classifier.
        train: Where neighbors are looked for.
    """

    def value(rule: Callable[[Images], Interval]) -> Callable[[Images], float]:
        return lambda x: rule(x).value

    rules = oracle_intervals(oracle, train)

    return {name: value(rule) for name, rule in rules.items()}
