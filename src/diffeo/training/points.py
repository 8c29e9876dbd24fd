"""Fit maps and numbers of objects to the points where these are."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from diffeo.models.locator import Locator
from diffeo.shapes import Scores
from diffeo.training.batches import to_images
from diffeo.training.schedule import Scheduled

__all__ = ["Points", "weighted_hausdorff"]

EPSILON, ALPHA = 1e-6, -9
PARTS = 64  # images of a batch whose distances are held in memory together

Heads = Float[Tensor, "batch most 2"]


def weighted_hausdorff(
    probability: Float[Tensor, "batch height width"], points: Heads
) -> Scores:
    """Return the weighted Hausdorff distance of maps and points, in pixels.

    Its first part is the mean distance of probable pixels to the nearest point; its
    second the distance of each point to probable pixels, as a generalized mean that is
    near the minimum. Without points, all pixels are as far as any can be.

    Source: Ribera, Güera, Chen and Delp, 2019, Locating objects without bounding boxes,
    equation (5). The exponent α is −9.

    Args:
        probability: Probabilities of pixels.
        points: x and y in pixels, (0.5, 0.5) for the middle of the first; rows of NaN
            are none.

    Example:
        >>> here = torch.zeros(1, 4, 4)
        >>> here[0, 1, 2] = 1.0
        >>> points = torch.tensor([[[2.5, 1.5]]])
        >>> round(weighted_hausdorff(here, points).item(), 4)
        0.0
    """

    height, width = probability.shape[1:]
    most = math.hypot(height, width)
    y, x = torch.meshgrid(
        torch.arange(height, device=points.device) + 0.5,
        torch.arange(width, device=points.device) + 0.5,
        indexing="ij",
    )
    places = torch.stack((x.flatten(), y.flatten()), dim=1)
    there = points[..., 0].isfinite()
    away = torch.cdist(points.nan_to_num(), places.expand(len(points), -1, -1))
    flat = probability.flatten(1)
    nearest = away.masked_fill(~there[..., None], most).amin(1)
    first = (flat * nearest).sum(1) / (flat.sum(1) + EPSILON)
    weighted = flat[:, None] * away + (1 - flat[:, None]) * most
    powers = ALPHA * (weighted + EPSILON).log()
    lowest = ((powers.logsumexp(2) - math.log(height * width)) / ALPHA).exp()
    second = (lowest * there).sum(1) / there.sum(1).clamp_min(1)
    found: Scores = first + second

    return found


class Points(Scheduled):
    """Minimize the weighted Hausdorff distance and the error of the number of objects.

    Batches are images, as bytes or as floats in [0, 1], and points as
    `weighted_hausdorff` takes them.

    Source: Ribera, Güera, Chen and Delp, 2019, Locating objects without bounding boxes,
    equation (7).

    Example:
        >>> from diffeo.models.locator import locator
        >>> from diffeo.training.schedule import Schedule
        >>> Points(locator(3, width=4), Schedule(), seed=1).seed
        1
    """

    model: Locator

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:  # noqa: ARG002
        """Return the mean loss of images, every other of which is mirrored."""

        pixels, points = batch
        x, points = _mirrored(to_images(pixels), points, self.step_seed())
        loss, error = self._loss(x, points)
        self.log("train_loss", loss, prog_bar=True)
        self.log("train_error", error.square().mean().sqrt(), prog_bar=True)

        return loss

    def validation_step(self, batch: list[Tensor], index: int) -> None:  # noqa: ARG002
        """Log the mean loss and the mean absolute error of the number."""

        pixels, points = batch
        loss, error = self._loss(to_images(pixels), points)
        self.log("val_loss", loss)
        self.log("val_error", error.abs().mean(), prog_bar=True)

    def _loss(self, x: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        probability, count = self.model.map_and_count(x)
        wanted = points[..., 0].isfinite().sum(1).to(count.dtype)
        distance = torch.cat(
            [
                weighted_hausdorff(one, other)
                for one, other in zip(
                    probability.float().split(PARTS), points.split(PARTS), strict=True
                )
            ]
        )
        close = functional.smooth_l1_loss(count, wanted)

        return distance.mean() + close, (count - wanted).detach()


def _mirrored(x: Tensor, points: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    turned = (torch.rand(len(x), generator=generator) < 0.5).to(x.device)
    images = torch.where(turned[:, None, None, None], x.flip(3), x)
    across = torch.where(turned[:, None], x.shape[3] - points[..., 0], points[..., 0])

    return images, torch.stack((across, points[..., 1]), dim=2)
