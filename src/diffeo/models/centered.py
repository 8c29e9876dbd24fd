"""Pixels around 0, as networks take them."""

from torch import nn

from diffeo.shapes import Images

__all__ = ["Center"]


class Center(nn.Module):
    """Images in [0, 1] become such in [−1, 1].

    Example:
        >>> import torch
        >>> Center()(torch.zeros(1, 1, 1, 1)).item()
        -1.0
    """

    def forward(self, x: Images) -> Images:
        """Return the images."""

        return 2 * x - 1
