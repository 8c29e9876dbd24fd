"""The methods that are scored, with their published or usual settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from diffeo.batching import in_batches
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.labelled import LabelledImages
from diffeo.distances import LatentDistance
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.oracle_training import AutoencoderSettings, trained_autoencoder
from diffeo.methods import (
    GradientMethod,
    PrototypeObjective,
    adversarial,
    diffeomorphic,
    prototypes,
    revise,
    wachter,
)
from diffeo.models.flow.flow import Flow
from diffeo.objectives import Agreed, TargetClass
from diffeo.search import Run
from diffeo.search.problem import Problem
from diffeo.settings import describe
from diffeo.shapes import Images, Model
from reproduction.kept import kept
from reproduction.wanting import wanting

__all__ = ["AGREED", "NAMES", "Explained", "agreeing", "methods_for"]

REFERENCES = 1000  # training images among which prototypes are looked for
NAMES = "diffeomorphic", "closest", "adversarial", "wachter", "revise", "prototypes"
CLOSEST = "closest", "agreed"  # methods that come as near as they may
AGREED = {
    "agreed": "closest",
    "adversarial_agreed": "adversarial",
    "revise_agreed": "revise",
    "prototypes_agreed": "prototypes",
}
"""Methods that ask several classifiers, each with the one that asks one alone."""


@dataclass(frozen=True, eq=False)
class Explained:
    """A classifier of a task with what is known to explain it.

    Args:
        model: The classifier.
        flow: A flow of the images of its task.
        methods: By name.
        run: How long to search.
    """

    model: nn.Module
    flow: Flow
    methods: Mapping[str, GradientMethod]
    run: Run

    def explain(
        self, name: str, x: Images, target: int, confidence: float
    ) -> Counterfactuals:
        """Return counterfactuals of a method, searched now or kept from before.

        Args:
            name: The method.
            x: Images of the other class.
            target: The class to become.
            confidence: Probability that the target must have.
        """

        run = replace(self.run, closest=(LatentDistance(),) if name in CLOSEST else ())
        method, goal = self.methods[name], TargetClass(target, confidence)
        problem = method.problem(x, self.model, self.flow, goal)
        settings = {
            "objective": describe(problem.objective),
            "ascent": describe(problem.ascent),
            "run": describe(run),
        }

        return kept(
            f"truth-{name}",
            [x, *_seen(problem, x)],
            settings,
            lambda: method.explain(x, self.model, self.flow, goal, run),
        )


def methods_for(
    train: LabelledImages, flow: Flow, autoencoder: AutoencoderSettings
) -> dict[str, GradientMethod]:
    """Return all methods that ask one classifier alone, by name.

    Args:
        train: Images among which prototypes are looked for, each in its true class.
        flow: In whose coordinates prototypes live.
        autoencoder: Of what prototypes take as a measure of realism.
    """

    known = train.select(slice(REFERENCES))

    with torch.no_grad():
        encodings = in_batches(flow.encode, known.images)

    trained = trained_autoencoder(train.images, autoencoder, Cache.usual())
    fitted = PrototypeObjective(encodings, known.labels, trained)

    return {
        "diffeomorphic": diffeomorphic(),
        "closest": diffeomorphic(),
        "adversarial": adversarial(),
        "wachter": wachter(),
        "revise": revise(),
        "prototypes": prototypes(fitted),
    }


def agreeing(
    methods: Mapping[str, GradientMethod], others: Sequence[Model]
) -> dict[str, GradientMethod]:
    """Return methods that ask several classifiers, by name; each pays its price once.

    Args:
        methods: Methods that ask one classifier alone, by name.
        others: Further classifiers, which must be as sure as the one that is explained.
    """

    together = partial(Agreed, models=others)

    return {name: wanting(methods[one], together) for name, one in AGREED.items()}


@torch.no_grad()
def _seen(problem: Problem, x: Images) -> tuple[Tensor, Tensor]:
    """Return coordinates of images and their scores, which tell models from others."""

    z = problem.coordinates.encode(x)
    rows = problem.begin(x, z, None)

    return z, problem.score(problem.evaluate(z, rows), rows)
