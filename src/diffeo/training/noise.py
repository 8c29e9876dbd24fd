"""Noise that gives images of few gray levels a density."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch

from diffeo.models.flow.dequantization import dequantize
from diffeo.shapes import Images

__all__ = ["GaussianNoise", "Noise", "UniformNoise"]

LOW, HIGH = -0.5 / 255, 1 + 0.5 / 255  # ends of the bins of black and white


@runtime_checkable
class Noise(Protocol):
    """Adds noise to images in [0, 1], which may change while a training goes on.

    Example:
        >>> isinstance(UniformNoise(), Noise)
        True
    """

    def __call__(
        self, x: Images, share: float, *, generator: torch.Generator
    ) -> Images:
        """Return noisy images.

        Args:
            x: Images of 256 gray levels.
            share: How much of the training is over, in [0, 1]; held-out images have the
                noise of its end.
            generator: Source of the noise.
        """


@dataclass(frozen=True)
class UniformNoise:
    """Spread each pixel over its bin; see `dequantize`.

    Example:
        >>> x = torch.zeros(1, 1, 2, 2)
        >>> noisy = UniformNoise()(x, 0.0, generator=torch.Generator())
        >>> bool((noisy.abs() <= 0.5 / 255).all())
        True
    """

    def __call__(
        self,
        x: Images,
        share: float,  # noqa: ARG002 - it stays the same
        *,
        generator: torch.Generator,
    ) -> Images:
        """Return noisy images."""

        return dequantize(x, generator=generator)


@dataclass(frozen=True)
class GaussianNoise:
    """Normal noise that gets smaller, reflected where it leaves the gray levels.

    A flow of few images learns their coarse form first, and the last bits of pixels,
    which no one sees, not at all. Its bits per dimension are those of noisy images:
    they compare with those of the same last noise alone.

    Args:
        first: Standard deviation at the start, in units of the pixels.
        last: Standard deviation once `annealed` of the training is over.
        annealed: Share of the training, in (0, 1], in which it falls geometrically.

    Example:
        >>> x = torch.zeros(1, 1, 2, 2)
        >>> noisy = GaussianNoise()(x, 1.0, generator=torch.Generator())
        >>> bool((noisy >= -0.5 / 255).all())
        True
    """

    first: float = 8 / 255
    last: float = 3 / 255
    annealed: float = 0.6

    def __call__(
        self, x: Images, share: float, *, generator: torch.Generator
    ) -> Images:
        """Return noisy images."""

        progress = min(1.0, share / self.annealed)
        deviation = self.first * (self.last / self.first) ** progress
        noise = torch.randn(x.shape, generator=generator, dtype=x.dtype)
        above = LOW + (x + deviation * noise.to(x.device) - LOW).abs()

        noisy: Images = HIGH - (HIGH - above).abs()

        return noisy
