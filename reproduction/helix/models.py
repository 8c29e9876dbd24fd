"""The flows and the classifier of the helix, trained on fresh points at each step."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import EMAWeightAveraging
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import functional

from diffeo import zoo
from diffeo.coordinates.zuko import ZukoFlow
from diffeo.shapes import Flags
from diffeo.training.schedule import Schedule
from reproduction.helix.data import Points, helix

__all__ = [
    "Budget",
    "as_flow",
    "classifier_recipe",
    "fit_classifier",
    "fit_flow",
    "flow_recipe",
]

Batch = tuple[Points, Flags]
Loss = Callable[[nn.Module, Points, Flags], Tensor]
T_FIRST = (2, 1, 0)  # ranks of sin t, cos t and t


@dataclass(frozen=True)
class Budget:
    """How long to train.

    Args:
        steps: How many.
        size: Points in each.
        rate: Greatest learning rate; it decays to almost nothing.
        first: Thickness of the points at the first step. It shrinks to the one wanted
            over the first half of the steps; no annealing if not given.
    """

    steps: int
    size: int = 512
    rate: float = 0.01
    first: float | None = None


def flow_recipe(*, seed: int, alternate: bool = False) -> zoo.Recipe:
    """Return the recipe of a flow of the helix.

    Args:
        seed: Of the first weights.
        alternate: Whether the splines take the features in the opposite order.
    """

    settings = {"order": list(T_FIRST), "alternate": alternate, "seed": seed}

    return zoo.Recipe("affine-spline", settings)


def classifier_recipe(*, seed: int) -> zoo.Recipe:
    """Return the recipe of the classifier of the two halves of the helix.

    Args:
        seed: Of the first weights.
    """

    return zoo.Recipe("perceptron", {"features": 3, "outputs": 1, "seed": seed})


def as_flow(model: nn.Module) -> ZukoFlow:
    """Return a model that is a flow of vectors.

    Raises:
        TypeError: If it is anything else.
    """

    if not isinstance(model, ZukoFlow):
        raise TypeError(f"the model must be a zuko flow, got {type(model).__name__}")

    return model


def fit_flow(
    recipe: zoo.Recipe, budget: Budget, *, thickness: float, seed: int
) -> ZukoFlow:
    """Return a flow fitted to points of some thickness by maximum likelihood.

    Args:
        recipe: How to build it.
        budget: How long.
        thickness: Standard deviation of the points' noise.
        seed: Of the points.
    """

    def loss(flow: nn.Module, points: Points, labels: Flags) -> Tensor:  # noqa: ARG001
        density: Tensor = flow(points)

        return -density.mean()

    return as_flow(_fit(recipe, loss, _Draws(budget, seed, thickness=thickness)))


def fit_classifier(
    recipe: zoo.Recipe, budget: Budget, *, blur: float, seed: int
) -> nn.Module:
    """Return a classifier fitted to the sign of t by cross-entropy.

    Args:
        recipe: How to build it.
        budget: How long.
        blur: Standard deviation of the points' noise, the same in all directions.
        seed: Of the points.
    """

    def loss(model: nn.Module, points: Points, labels: Flags) -> Tensor:
        return functional.binary_cross_entropy_with_logits(
            model(points)[:, 0], labels.to(points)
        )

    return _fit(recipe, loss, _Draws(budget, seed, blur=blur))


@dataclass(frozen=True)
class _Draws:
    """Batches of fresh points."""

    budget: Budget
    seed: int
    thickness: float = 0.0
    blur: float = 0.0

    def __len__(self) -> int:
        return self.budget.steps

    def __iter__(self) -> Iterator[Batch]:
        generator = torch.Generator().manual_seed(self.seed)

        for step in range(self.budget.steps):
            now = helix(
                self.budget.size, thickness=self._thickness(step), generator=generator
            )
            noise = torch.randn(now.points.shape, generator=generator)

            yield now.points + self.blur * noise, now.labels

    def _thickness(self, step: int) -> float:
        if self.budget.first is None:
            return self.thickness

        share = min(1.0, 2 * step / self.budget.steps)

        thickness: float = self.budget.first ** (1 - share) * self.thickness**share

        return thickness


class _Fit(lightning.LightningModule):
    def __init__(self, model: nn.Module, loss: Loss, schedule: Schedule) -> None:
        super().__init__()
        self.model = model
        self.loss = loss
        self.schedule = schedule

    def training_step(self, batch: Batch, index: int) -> Tensor:  # noqa: ARG002
        return self.loss(self.model, *batch)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return self.schedule.optimizer(
            self.model, int(self.trainer.estimated_stepping_batches)
        )


def _fit(recipe: zoo.Recipe, loss: Loss, draws: _Draws) -> nn.Module:
    model = recipe.build()
    schedule = Schedule(draws.budget.rate, warmup=100, plateau=0.0)

    with _quietly():
        trainer = lightning.Trainer(
            max_epochs=1,
            accelerator="cpu",
            precision="32-true",
            gradient_clip_val=5.0,
            callbacks=[EMAWeightAveraging(decay=0.99, use_buffers=False)],
            enable_progress_bar=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            logger=False,
        )
        trainer.fit(_Fit(model, loss, schedule), draws)

    return model.eval().requires_grad_(requires_grad=False)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the trainer from announcing itself for each of many short fits."""

    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.WARNING)

    try:
        yield
    finally:
        logger.setLevel(level)
