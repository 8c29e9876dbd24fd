"""A model of larger or normalized images, asked about those of a generator."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffeo.models.classifiers import Logits
from diffeo.shapes import Images, Outputs

__all__ = ["Preprocessed"]

MOST = 16_384  # pixels a side


class Preprocessed(nn.Module):
    """Resize, repeat and normalize images in [0, 1] before a model sees them.

    All of it is differentiable, so that a generator of small images can explain a model
    of large ones.

    Args:
        model: Takes normalized images.
        size: Side of the squares that it takes, in pixels; images keep theirs if not
            given.
        mean: What is subtracted from each channel, in units of images in [0, 1]. Gray
            images are repeated for as many channels as there are means.
        std: What each channel is then divided by: one number, or one for each mean.
        probabilities: Whether the model returns probabilities, which become logits.
            Log-probabilities are logits already.

    Raises:
        ValueError: If a number is out of its range, or there are others than one
            deviation for each mean.

    Example:
        >>> model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 2)).eval()
        >>> wide = Preprocessed(model, size=8, mean=(0.485, 0.456, 0.406), std=(0.22,))
        >>> wide(torch.rand(5, 1, 4, 4)).shape
        torch.Size([5, 2])
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        size: int | None = None,
        mean: Sequence[float] = (0.0,),
        std: Sequence[float] = (1.0,),
        probabilities: bool = False,
    ) -> None:
        super().__init__()

        if size is not None and not 1 <= size <= MOST:
            raise ValueError(f"size must be from 1 to {MOST} pixels, got {size}")

        if len(std) not in (1, len(mean)) or min(std) <= 0:
            raise ValueError(
                f"std must be positive numbers, one for each of {len(mean)} means, got "
                f"{', '.join(map(str, std))}"
            )

        self.model = Logits(model) if probabilities else model
        self.size = size
        self.mean = nn.Buffer(torch.tensor(mean)[:, None, None])
        self.std = nn.Buffer(torch.tensor(std)[:, None, None])
        self.train(model.training)

    def forward(self, x: Images) -> Outputs:
        """Return the model's outputs for images in [0, 1].

        Raises:
            ValueError: If images in color have other channels than there are means.
        """

        channels = len(self.mean)

        if x.shape[1] != 1 and channels not in (1, x.shape[1]):
            raise ValueError(
                f"the model's mean must be one for each of {x.shape[1]} channels, got "
                f"{channels}"
            )

        resized = self._resized(x)
        outputs: Tensor = self.model((resized - self.mean) / self.std)

        return outputs

    def _resized(self, x: Images) -> Tensor:
        if self.size is None or tuple(x.shape[2:]) == (self.size, self.size):
            return x

        resized: Tensor = functional.interpolate(
            x, (self.size, self.size), mode="bilinear", antialias=True
        )

        return resized
