"""Fit an autoencoder by squared error."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffeo.shapes import Images
from diffeo.training.drawn import DrawnLoss
from diffeo.training.schedule import Schedule

__all__ = ["Reconstruction", "shifted"]


class Reconstruction(DrawnLoss):
    """Minimize the squared Euclidean distance of images to their reconstructions.

    Args:
        model: Autoencoder, from images in [0, 1] to such images.
        schedule: How its weights are updated.
        shift: Greatest number of pixels by which a training batch is moved, down and
            across.
        seed: Seed of the shifts.

    Example:
        >>> module = Reconstruction(nn.Identity(), Schedule(), shift=0, seed=0)
        >>> module.loss(torch.zeros(2, 1, 4, 4), torch.Generator())
        tensor(0.)
    """

    def __init__(
        self, model: nn.Module, schedule: Schedule, *, shift: int, seed: int
    ) -> None:
        super().__init__(model, schedule, seed=seed)
        self.shift = shift

    def loss(self, x: Images, generator: torch.Generator) -> Tensor:
        """Return the mean squared distance, of images that are shifted."""

        x = shifted(x, self.shift, generator=generator)
        error: Tensor = (self.model(x) - x).square().flatten(1).sum(1).mean()

        return error


def shifted(x: Tensor, most: int, *, generator: torch.Generator) -> Tensor:
    """Move all images alike by a few pixels; their edges are repeated.

    Args:
        x: Images, shape (batch, channels, height, width).
        most: Greatest number of pixels, down or up and to either side.
        generator: Source of the draw of the two numbers.

    Example:
        >>> x = torch.ones(1, 1, 2, 2)
        >>> shifted(x, 1, generator=torch.Generator()).equal(x)
        True
    """

    height, width = x.shape[2:]
    down, across = torch.randint(2 * most + 1, (2,), generator=generator).tolist()
    wide = functional.pad(x, (most,) * 4, mode="replicate")

    return wide[..., down : down + height, across : across + width]
