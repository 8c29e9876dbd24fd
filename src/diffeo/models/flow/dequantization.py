"""From pixels to the real line: bin centers and the logit."""

import math

import torch
from torch.nn import functional

from diffeo.models.flow.bijection import Bijection
from diffeo.shapes import Images, LogDet

__all__ = ["LEVELS", "BinCenter", "Logit", "dequantize"]

LEVELS = 256  # of gray


def dequantize(x: Images, *, generator: torch.Generator) -> Images:
    """Spread each pixel k/255 evenly over its bin.

    The result lies up to half a bin outside [0, 1]. It is for training and for
    likelihoods; `Flow.encode` takes the pixel itself, which is its bin's center.

    Source: Theis, van den Oord and Bethge, 2016, A note on the evaluation of generative
    models, Section 3.1.

    Args:
        x: Images in [0, 1].
        generator: Source of the noise.

    Example:
        >>> import torch
        >>> x = torch.zeros(1, 1, 2, 2)
        >>> noisy = dequantize(x, generator=torch.Generator().manual_seed(0))
        >>> bool((noisy.abs() <= 0.5 / 255).all())
        True
    """

    noise = torch.rand(
        x.shape, generator=generator, dtype=x.dtype, device=generator.device
    )

    return x + (noise.to(x.device) - 0.5) / (LEVELS - 1)


class BinCenter(Bijection):
    """A pixel k/255 becomes the center (k + ½)/256 of its bin.

    Example:
        >>> import torch
        >>> x = torch.tensor([0.0, 1.0]).reshape(1, 1, 1, 2)
        >>> BinCenter()(x)[0].flatten() * 256
        tensor([  0.5000, 255.5000])
    """

    def forward(self, x: Images) -> tuple[Images, LogDet]:
        """Return the centers."""

        y = x * ((LEVELS - 1) / LEVELS) + 0.5 / LEVELS

        return y, self._logdet(x)

    def inverse(self, y: Images) -> tuple[Images, LogDet]:
        """Return the pixels."""

        x = (y - 0.5 / LEVELS) * (LEVELS / (LEVELS - 1))

        return x, -self._logdet(y)

    def _logdet(self, x: Images) -> LogDet:
        each = math.log((LEVELS - 1) / LEVELS)

        return x.new_full((len(x),), each * math.prod(x.shape[1:]))


class Logit(Bijection):
    """y = logit(margin + (1 − 2 margin) x): a little more than [0, 1] becomes the line.

    Source: Dinh, Sohl-Dickstein and Bengio, 2017, RealNVP, Section 4.1.

    Args:
        margin: How far from 0 and 1 the ends of the interval are kept.

    Example:
        >>> import torch
        >>> Logit()(torch.full((1, 1, 1, 1), 0.5))[0].item()
        0.0
    """

    def __init__(self, margin: float = 0.05) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, x: Images) -> tuple[Images, LogDet]:
        """Return the logit."""

        y = torch.logit(self.margin + (1 - 2 * self.margin) * x)

        return y, self._logdet(y)

    def inverse(self, y: Images) -> tuple[Images, LogDet]:
        """Return the sigmoid."""

        x = (torch.sigmoid(y) - self.margin) / (1 - 2 * self.margin)

        return x, -self._logdet(y)

    def _logdet(self, y: Images) -> LogDet:
        each = (
            math.log(1 - 2 * self.margin)
            + functional.softplus(y)
            + functional.softplus(-y)
        )

        return each.flatten(1).sum(1)
