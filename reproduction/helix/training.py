"""The trainings behind the shipped weights of the helix."""

from dataclasses import replace
from pathlib import Path

import torch

from diffeo import zoo
from diffeo.workflows.train.module import TrainingOptions
from reproduction.experiment import Training, training_command
from reproduction.helix import models
from reproduction.helix.data import distance, helix

__all__ = ["HELIX_CLASSIFIER", "HELIX_FLOW"]

DATA = "points drawn on the spot around the helix (sin t, cos t, t)"
EPOCH = 500  # steps on fresh points that count as one pass over the data
TESTED = 10_000  # points that the figures are measured on


def train_helix_flow(options: TrainingOptions, data: Path | None) -> None:  # noqa: ARG001
    """Train the flow of the helix."""

    seed = options.seed
    points = replace(models.FLOW, steps=options.epochs * EPOCH, seed=seed)
    flow = models.fit_flow(points)
    generator = torch.Generator().manual_seed(seed + 1)
    test = helix(TESTED, thickness=models.THICKNESS, generator=generator).points
    drawn = flow.decode(torch.randn(TESTED, 3, generator=generator))
    figures = {
        "test_nats": -flow(test).mean().item(),
        "sample_distance_median": distance(drawn).median().item(),
    }
    card = _card(models.flow_recipe(seed=seed), options, figures)

    zoo.save(flow, card, options.weights)


def train_helix_classifier(options: TrainingOptions, data: Path | None) -> None:  # noqa: ARG001
    """Train the classifier of the halves of the helix."""

    seed = options.seed
    points = replace(models.CLASSIFIER, steps=options.epochs * EPOCH, seed=seed)
    model = models.fit_classifier(points)
    generator = torch.Generator().manual_seed(seed + 1)
    test = helix(TESTED, thickness=models.THICKNESS, generator=generator)
    right = (model(test.points)[:, 0] > 0) == test.labels
    figures = {"test_accuracy": right.double().mean().item()}
    card = _card(models.classifier_recipe(seed=seed), options, figures)

    zoo.save(model, card, options.weights)


def _card(
    recipe: zoo.Recipe, options: TrainingOptions, figures: dict[str, float]
) -> zoo.Card:
    return zoo.Card(recipe, DATA, training_command(options), "Apache-2.0", figures)


HELIX_FLOW = Training("helix-flow", "A flow of the helix.", 8, train_helix_flow)
HELIX_CLASSIFIER = Training(
    "helix-classifier", "A classifier of the helix's halves.", 2, train_helix_classifier
)
