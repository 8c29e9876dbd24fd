"""The flows and the classifier of the helix, trained on fresh points at each step."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import torch
from pytorch_lightning.callbacks import Callback, EMAWeightAveraging
from torch import Tensor, nn
from torch.nn import functional

from diffeo import zoo
from diffeo.coordinates.zuko import ZukoFlow
from diffeo.shapes import Flags
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule, Scheduled
from reproduction.helix.data import GAUSSIAN, Noise, Points, helix

__all__ = [
    "CLASSIFIER",
    "EPOCH",
    "FLOW",
    "THICKNESS",
    "FreshPoints",
    "classifier_recipe",
    "fit_classifier",
    "fit_flow",
    "flow_recipe",
    "minimize",
    "shipped_flow",
    "untrained_flow",
]

Batch = tuple[Points, Flags]
Loss = Callable[[nn.Module, Points, Flags], Tensor]
EPOCH = 500  # steps on fresh points that count as one pass over the data
THICKNESS = 0.002  # of the points; the curve itself has no density to fit
T_FIRST = (2, 1, 0)  # ranks of sin t, cos t and t
SCHEDULE = Schedule(rate=0.01, warmup=100, plateau=0.0)
FITTING = Fit(None, epochs=1, clip=5.0, progress=False, precision="full")


@dataclass(frozen=True)
class FreshPoints:
    """Batches of points of the helix with their classes, new ones at each step.

    Args:
        steps: Number of batches.
        size: Points in a batch.
        thickness: Thickness of the noise normal to the helix.
        blur: Standard deviation of noise added in all directions.
        first: Thickness at the first step. It shrinks to `thickness` over the first
            half of the steps; the same throughout if not given.
        seed: Seed of the points and of a model's first weights.
        noise: Noise normal to the helix.
    """

    steps: int
    size: int = 512
    thickness: float = 0.0
    blur: float = 0.0
    first: float | None = None
    seed: int = 0
    noise: Noise = GAUSSIAN

    def __len__(self) -> int:
        """Return the number of batches."""

        return self.steps

    def __iter__(self) -> Iterator[Batch]:
        """Draw the batches, the same ones each time."""

        generator = torch.Generator().manual_seed(self.seed)

        for step in range(self.steps):
            drawn = helix(
                self.size,
                thickness=self.thickness_at(step),
                generator=generator,
                noise=self.noise,
            )
            noise = torch.randn(drawn.points.shape, generator=generator)

            yield drawn.points + self.blur * noise, drawn.labels

    def thickness_at(self, step: int) -> float:
        """Return the thickness of the points at a step."""

        if self.first is None:
            return self.thickness

        share = min(1.0, 2 * step / self.steps)

        return float(self.first ** (1 - share) * self.thickness**share)


FLOW = FreshPoints(8 * EPOCH, thickness=THICKNESS, first=0.1)
CLASSIFIER = FreshPoints(2 * EPOCH, blur=0.5)


def flow_recipe(*, seed: int, alternate: bool = False) -> zoo.Recipe:
    """Return the recipe of a flow of the helix.

    Args:
        seed: Seed of the first weights.
        alternate: Whether the splines take the features in the opposite order.
    """

    settings = {"order": list(T_FIRST), "alternate": alternate, "seed": seed}

    return zoo.Recipe("affine-spline", settings)


def classifier_recipe(*, seed: int) -> zoo.Recipe:
    """Return the recipe of the classifier of the two halves of the helix.

    Args:
        seed: Seed of the first weights.
    """

    return zoo.Recipe("perceptron", {"features": 3, "outputs": 1, "seed": seed})


def untrained_flow(*, seed: int = 0, alternate: bool = False) -> ZukoFlow:
    """Return a flow with its first weights; for the arguments see `flow_recipe`."""

    return cast("ZukoFlow", flow_recipe(seed=seed, alternate=alternate).build().eval())


def shipped_flow() -> ZukoFlow:
    """Return the trained flow that comes with the package."""

    return cast("ZukoFlow", zoo.load("helix-flow"))


def fit_flow(points: FreshPoints, *, alternate: bool = False) -> ZukoFlow:
    """Return a flow fitted to points by maximum likelihood.

    Args:
        points: What to fit it to; thicker points at first help it to find thin ones.
        alternate: Whether the splines take the features in the opposite order.
    """

    flow = untrained_flow(seed=points.seed, alternate=alternate)
    minimize(flow, lambda flow, x, labels: -flow(x).mean(), points)  # noqa: ARG005

    return flow


def fit_classifier(points: FreshPoints) -> nn.Module:
    """Return a classifier fitted to the sign of t by cross-entropy.

    On the curve alone the signs of t and of sin t agree, and a classifier may mix them
    at will. Points blurred about the curve ask for one that rises all along it.

    Args:
        points: What to fit it to.
    """

    model = classifier_recipe(seed=points.seed).build()
    minimize(
        model,
        lambda model, x, labels: functional.binary_cross_entropy_with_logits(
            model(x)[:, 0], labels.to(x)
        ),
        points,
    )

    return model


class _Minimized(Scheduled):
    def __init__(self, model: nn.Module, loss: Loss, schedule: Schedule) -> None:
        super().__init__(model, schedule, seed=0)
        self.loss = loss

    def training_step(self, batch: Batch, index: int) -> Tensor:  # noqa: ARG002
        return self.loss(self.model, *batch)

    def configure_callbacks(self) -> list[Callback]:
        """Average alike from the first step on: what is trained briefly stays poor."""

        return [EMAWeightAveraging(decay=0.99, use_buffers=False)]


def minimize(
    model: nn.Module, loss: Loss, points: FreshPoints, schedule: Schedule = SCHEDULE
) -> None:
    """Fit a model to points.

    Args:
        model: The model, which is in evaluation mode afterwards.
        loss: What the model is to make small, given points and their classes.
        points: What to fit it to.
        schedule: How its weights are updated.
    """

    fit(_Minimized(model.train(), loss, schedule), points, None, FITTING)
    model.eval().requires_grad_(requires_grad=False)
