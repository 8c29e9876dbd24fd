"""Fit maps and numbers of objects to the points where these are."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from diffeo.models.locator import Locator
from diffeo.shapes import Images
from diffeo.training.batches import to_images
from diffeo.training.schedule import Scheduled

__all__ = ["Points", "heat_maps", "jittered"]

SPREAD = 1.5  # pixels from a point at which its map falls to exp(−1/2)
WEIGHT = 20.0  # of the maps' loss beside the numbers'
JITTER = 0.15

Heads = Float[Tensor, "batch most 2"]
HeatMaps = Float[Tensor, "batch height width"]


def heat_maps(points: Heads, height: int, width: int) -> HeatMaps:
    """Return maps that are 1 at points and fall off like a normal density.

    Source: Zhou, Wang and Krähenbühl, 2019, Objects as points, Section 3, with one
    spread for all.

    Args:
        points: x and y in pixels, (0.5, 0.5) for the middle of the first; rows of NaN
            are none.
        height: Of the maps in pixels.
        width: Of the maps in pixels.
    """

    x = torch.arange(width, device=points.device) + 0.5 - points[..., :1]
    y = torch.arange(height, device=points.device) + 0.5 - points[..., 1:]
    squares = y[..., :, None].square() + x[..., None, :].square()

    return (-squares / (2 * SPREAD**2)).exp().nan_to_num(0.0).amax(1)


def jittered(x: Images, amount: float, *, generator: torch.Generator) -> Tensor:
    """Return images with another brightness and contrast each.

    Args:
        x: Images in [0, 1].
        amount: Greatest change of the mean, and greatest relative change of the
            differences from it.
        generator: Source of the changes.
    """

    draws = 2 * torch.rand(2, len(x), 1, 1, 1, generator=generator) - 1
    brightness, contrast = amount * draws.to(x.device)
    middle = x.mean((1, 2, 3), keepdim=True)

    changed: Tensor = middle + brightness + (1 + contrast) * (x - middle)

    return changed.clamp(0, 1)


class Points(Scheduled):
    """Minimize the cross-entropy of maps and the error of the number of objects.

    Batches are images, as bytes or as floats in [0, 1], and points as `heat_maps`
    takes them. Training images are mirrored and their colors changed a little.

    Source: Ribera, Güera, Chen and Delp, 2019, Locating objects without bounding boxes,
    equation (7), for the error of the number.
    """

    model: Locator

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:  # noqa: ARG002
        """Return the mean loss of images, every other of which is mirrored."""

        pixels, points = batch
        generator = self.step_generator()
        x, points = _mirrored(to_images(pixels), points, generator)
        loss, error = self._loss(jittered(x, JITTER, generator=generator), points)
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
        maps = heat_maps(points, *x.shape[2:])
        entropy = functional.binary_cross_entropy(probability.float(), maps)
        close = functional.smooth_l1_loss(count, wanted)

        return WEIGHT * entropy + close, (count - wanted).detach()


def _mirrored(
    x: Tensor, points: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    turned = (torch.rand(len(x), generator=generator) < 0.5).to(x.device)
    images = torch.where(turned[:, None, None, None], x.flip(3), x)
    across = torch.where(turned[:, None], x.shape[3] - points[..., 0], points[..., 0])

    return images, torch.stack((across, points[..., 1]), dim=2)
