"""Fit a network to tell every face from all others, in whatever light it is seen."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from diffeo.shapes import Images, Latent, Model
from diffeo.training.drawn import DrawnLoss
from diffeo.training.schedule import Schedule

__all__ = ["InstanceDiscrimination", "Views", "found_again", "unit_features"]

Transforms = Float[Tensor, "batch 2 3"]


@dataclass(frozen=True)
class Views:
    """What a square part of an image may look like: moved, tilted, lit and tinted.

    Args:
        side: Side of the part in pixels, at the middle of the image and `below` it.
        below: By how many pixels its middle is below that of the image.
        shift: Greatest move of it along each axis, in pixels.
        zoom: Greatest relative change of its side.
        tilt: Greatest angle that it is turned by, in radians.
        light: Standard deviation of the logarithm of brightness: of all of it, of each
            color, and from place to place.
        hidden: Side of a square of mean color that hides some of it, as a share.
    """

    side: int
    below: int = 0
    shift: float = 3.0
    zoom: float = 0.1
    tilt: float = 0.15
    light: float = 0.25
    hidden: float = 0.35

    def plain(self, x: Images) -> Images:
        """Return the part of each image, as it is."""

        *_, height, width = x.shape
        top = (height - self.side) // 2 + self.below
        left = (width - self.side) // 2

        return x[..., top : top + self.side, left : left + self.side]

    def __call__(self, x: Images, generator: torch.Generator) -> Images:
        """Return the part of each image as drawn at random.

        Args:
            x: Images in [0, 1].
            generator: Of all draws, whatever the device of the images.
        """

        grid = functional.affine_grid(
            self._transforms(x, generator),
            [len(x), x.shape[1], self.side, self.side],
            align_corners=False,
        )
        part = functional.grid_sample(
            x, grid, padding_mode="reflection", align_corners=False
        )

        return self._hide(self._lit(part, generator), generator)

    def _transforms(self, x: Images, generator: torch.Generator) -> Transforms:
        """Return maps from places in the part to places in the image, in [−1, 1]."""

        size = x.shape[-1]
        zoom, tilt, right, down, mirror = _uniform(len(x), 5, generator)
        scale = self.side / size * (1 + self.zoom * zoom)
        cosine, sine = torch.cos(self.tilt * tilt), torch.sin(self.tilt * tilt)
        flip = mirror.sign()
        turn = torch.stack((flip * cosine, -sine, flip * sine, cosine), 1)
        shift = self.shift * torch.stack((right, down), 1)
        shift[:, 1] += self.below
        place = 2 / size * shift[..., None]

        return torch.cat((scale[:, None, None] * turn.view(-1, 2, 2), place), 2).to(x)

    def _lit(self, x: Images, generator: torch.Generator) -> Images:
        rows, channels = x.shape[:2]
        coarse = torch.randn(rows, 1, 3, 3, generator=generator).to(x)
        places = functional.interpolate(coarse, x.shape[2:], mode="bicubic")
        every = torch.randn(rows, 1 + channels, 1, 1, generator=generator).to(x)
        brightness = (self.light * (places + every[:, :1] + every[:, 1:])).exp()
        gray = x.mean(1, keepdim=True)
        (pale,) = _uniform(rows, 1, generator)
        colored = gray + (x - gray) * (1 + pale.to(x)[:, None, None, None])
        seen: Images = (brightness * colored).clamp(0, 1)

        return seen

    def _hide(self, x: Images, generator: torch.Generator) -> Images:
        side = round(self.hidden * self.side)
        corners = torch.rand(len(x), 2, generator=generator) * (self.side - side)
        top, left = corners.round().to(x).T[..., None, None]
        place = torch.arange(self.side, device=x.device)
        rows, columns = place[:, None], place[None]
        inside = (rows >= top) & (rows < top + side)
        inside = inside & (columns >= left) & (columns < left + side)

        return torch.where(inside[:, None], x.mean((1, 2, 3), keepdim=True), x)


class InstanceDiscrimination(DrawnLoss):
    """Let two views of one image be nearer in features than views of two images.

    Source: Chen, Kornblith, Norouzi and Hinton, 2020, A simple framework for
    contrastive learning of visual representations, equation (1), without a projection
    head.

    Args:
        model: From views to features, whose cosines are compared.
        schedule: How its weights are updated.
        views: What an image may look like.
        seed: Seed of the views.
        temperature: By which cosines are divided.
    """

    figure = "val_loss"

    def __init__(
        self,
        model: nn.Module,
        schedule: Schedule,
        views: Views,
        *,
        seed: int,
        temperature: float = 0.1,
    ) -> None:
        super().__init__(model, schedule, seed=seed)
        self.views = views
        self.temperature = temperature

    def loss(self, x: Images, generator: torch.Generator) -> Tensor:
        """Return the mean negative log-probability of a view's other view."""

        first, second = (
            unit_features(self.model, self.views(x, generator)) for _ in range(2)
        )
        every = torch.cat((first, second)).float()
        likeness = every @ every.T / self.temperature
        itself = torch.eye(len(every), dtype=torch.bool, device=every.device)
        other = torch.arange(len(every), device=every.device).roll(len(x))

        return functional.cross_entropy(likeness.masked_fill(itself, -torch.inf), other)


def unit_features(features: Model, x: Images) -> Latent:
    """Return features of length 1, whose products are cosines.

    Args:
        features: From images to vectors.
        x: Images.
    """

    return functional.normalize(features(x), dim=1)


@torch.no_grad()
def found_again(features: nn.Module, x: Images, views: Views) -> float:
    """Return the share of images whose view is nearest to another view of them.

    Args:
        features: From views to features, whose cosines are compared.
        x: Images.
        views: What they may look like.
    """

    generator = torch.Generator().manual_seed(0)

    def seen() -> Latent:
        return unit_features(features, views(x, generator))

    nearest = (seen() @ seen().T).argmax(1).cpu()

    return (nearest == torch.arange(len(x))).double().mean().item()


def _uniform(rows: int, numbers: int, generator: torch.Generator) -> Tensor:
    """Return so many rows of draws from [−1, 1], as columns."""

    return 2 * torch.rand(rows, numbers, generator=generator).T - 1
