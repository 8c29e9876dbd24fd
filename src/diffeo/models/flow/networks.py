"""The convolutional networks inside couplings."""

import torch
from torch import nn
from torch.nn import functional

from diffeo.models.flow.inference.convolution import channels_last
from diffeo.models.zeroed import zeroed
from diffeo.shapes import Images, Maps

__all__ = ["Convolutions", "PlainConvolutions"]


class Convolutions(nn.Module):
    """A small residual network that knows where on the image it stands.

    A learned bias for each position joins the first convolution, the activations are
    smooth, so that a flow built on it is a diffeomorphism, and the last convolution is
    zero at first, so that the coupling begins as the identity.

    Args:
        inputs: Channels of the input.
        outputs: Channels of the output.
        side: Height and width of the image.
        width: Hidden channels.
        blocks: Residual blocks between the first and the last convolution.

    Example:
        >>> network = Convolutions(2, 4, side=(4, 4), width=8, blocks=1)
        >>> network(torch.zeros(1, 2, 4, 4)).shape
        torch.Size([1, 4, 4, 4])
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        side: tuple[int, int],
        width: int,
        blocks: int,
    ) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, width, 3, padding=1)
        # in memory as the activations are, with the channels of a place together
        self.position = nn.Parameter(torch.zeros(*side, width).permute(2, 0, 1))
        self.blocks = nn.ModuleList(_Block(width) for _ in range(blocks))
        self.last = zeroed(nn.Conv2d(width, outputs, 3, padding=1))

    def forward(self, x: Maps) -> Maps:
        """Return the coupling's parameters in the precision of `x`."""

        hidden = self.first(channels_last(x))
        hidden = hidden + self.position.to(hidden.dtype)

        for block in self.blocks:
            hidden = block(hidden)

        parameters: Maps = self.last(functional.silu(hidden))

        return parameters.to(x.dtype)


class PlainConvolutions(nn.Module):
    """Convolutions of kernel 3, 1 and 3, with rectified activations between them.

    A flow built on it is a bijection that bends at the activations' edges. It takes the
    arguments of `Convolutions`, though it knows no places and has no blocks.

    Source: Kingma and Dhariwal, 2018, Glow, Section 3.3.

    Args:
        inputs: Channels of the input.
        outputs: Channels of the output.
        width: Hidden channels.
        side: Height and width of the image.
        blocks: Residual blocks.

    Example:
        >>> network = PlainConvolutions(2, 4, width=8)
        >>> network(torch.zeros(1, 2, 4, 4)).shape
        torch.Size([1, 4, 4, 4])
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        width: int,
        side: tuple[int, int] = (0, 0),  # noqa: ARG002
        blocks: int = 0,  # noqa: ARG002
    ) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 1)
        self.last = zeroed(nn.Conv2d(width, outputs, 3, padding=1))

    def forward(self, x: Maps) -> Maps:
        """Return the coupling's parameters in the precision of `x`."""

        hidden = self.first(channels_last(x))
        hidden = self.second(functional.relu(hidden, inplace=True))
        parameters: Maps = self.last(functional.relu(hidden, inplace=True))

        return parameters.to(x.dtype)


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = zeroed(nn.Conv2d(width, width, 1))

    def forward(self, x: Images) -> Images:
        hidden: Images = self.second(functional.silu(self.first(functional.silu(x))))

        return x + hidden
