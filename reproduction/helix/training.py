"""The trainings behind the shipped weights of the helix."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from diffeo import zoo
from diffeo.coordinates.zuko import ZukoFlow
from reproduction.helix.data import distance, helix
from reproduction.helix.models import (
    Budget,
    classifier_recipe,
    fit_classifier,
    fit_flow,
    flow_recipe,
)
from reproduction.mnist.training import Training

__all__ = [
    "CLASSIFIER",
    "FLOW",
    "HELIX_TRAININGS",
    "THICKNESS",
    "classifier",
    "flow",
    "train_helix_classifier",
    "train_helix_flow",
]

EPOCH = 500  # steps on fresh points that count as one pass over the data
THICKNESS = 0.002  # of the points; the curve itself has no density to fit
BLUR = 0.5  # of the classifier's points, in all directions
FLOW = Budget(8 * EPOCH, first=0.1)
CLASSIFIER = Budget(2 * EPOCH)
DATA = "points drawn on the spot around the helix (sin t, cos t, t)"
TERMS = "Apache-2.0"


def flow(budget: Budget, *, seed: int) -> ZukoFlow:
    """Return a flow of thin points, fitted to thicker ones at first.

    Args:
        budget: How long to fit it.
        seed: Of first weights and points.
    """

    return fit_flow(flow_recipe(seed=seed), budget, thickness=THICKNESS, seed=seed)


def classifier(budget: Budget, *, seed: int) -> nn.Module:
    """Return a classifier of the two halves of the helix.

    On the curve alone the signs of t and of sin t agree, and a classifier may mix them
    at will. Points blurred about the curve ask for one that rises all along it.

    Args:
        budget: How long to fit it.
        seed: Of first weights and points.
    """

    return fit_classifier(classifier_recipe(seed=seed), budget, blur=BLUR, seed=seed)


def train_helix_flow(training: Training) -> Path:
    """Train the flow of the helix and return the path of its weights.

    Args:
        training: How long, and where.
    """

    budget = replace(FLOW, steps=training.epochs * EPOCH)
    model = flow(budget, seed=training.seed)
    generator = torch.Generator().manual_seed(training.seed + 1)
    test = helix(10_000, thickness=THICKNESS, generator=generator).points
    drawn = torch.randn(10_000, 3, generator=generator)

    with torch.no_grad():
        figures = {
            "test_nats": -model(test).mean().item(),
            "sample_distance_median": distance(model.decode(drawn)).median().item(),
        }

    recipe = flow_recipe(seed=training.seed)

    return _store("helix-flow", model, recipe, training, figures)


def train_helix_classifier(training: Training) -> Path:
    """Train the classifier of the helix and return the path of its weights.

    Args:
        training: How long, and where.
    """

    budget = replace(CLASSIFIER, steps=training.epochs * EPOCH)
    model = classifier(budget, seed=training.seed)
    generator = torch.Generator().manual_seed(training.seed + 1)
    test = helix(10_000, thickness=THICKNESS, generator=generator)

    with torch.no_grad():
        right = (model(test.points)[:, 0] > 0) == test.labels

    figures = {"test_accuracy": right.double().mean().item()}

    recipe = classifier_recipe(seed=training.seed)

    return _store("helix-classifier", model, recipe, training, figures)


def _store(
    name: str,
    model: nn.Module,
    recipe: zoo.Recipe,
    training: Training,
    figures: dict[str, float],
) -> Path:
    path = training.folder / f"{name}.safetensors"
    command = f"diffeo train {name} --epochs {training.epochs} --seed {training.seed}"
    zoo.save(model, zoo.Card(recipe, DATA, command, TERMS, figures), path)

    return path


HELIX_TRAININGS: dict[str, tuple[Callable[[Training], Path], int]] = {
    "helix-flow": (train_helix_flow, FLOW.steps // EPOCH),
    "helix-classifier": (train_helix_classifier, CLASSIFIER.steps // EPOCH),
}
"""The function of each training, and how many epochs it takes by default."""
