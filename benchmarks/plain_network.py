"""The network that Glow was published with."""

import torch
from torch import nn
from torch.nn import functional

from diffeo.models.flow.recipes import Level
from diffeo.shapes import Maps

__all__ = ["PlainConvolutions", "plain"]


class PlainConvolutions(nn.Module):
    """Convolutions of kernel 3, 1 and 3, with rectified activations between them.

    A flow built on it is a bijection that bends at the activations' edges.

    Source: Kingma and Dhariwal, 2018, Glow, Section 3.3.

    Args:
        inputs: Channels of the input.
        outputs: Channels of the output.
        width: Hidden channels.
    """

    def __init__(self, inputs: int, outputs: int, *, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 1)
        self.last = nn.Conv2d(width, outputs, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, x: Maps) -> Maps:
        """Return the coupling's parameters in the precision of `x`."""

        hidden = self.first(x.contiguous(memory_format=torch.channels_last))
        hidden = self.second(functional.relu(hidden, inplace=True))
        parameters: Maps = self.last(functional.relu(hidden, inplace=True))

        return parameters.to(x.dtype)


def plain(
    inputs: int,
    outputs: int,
    side: tuple[int, int],  # noqa: ARG001
    level: Level,
) -> nn.Module:
    """Return this network for a coupling.

    Args:
        inputs: Channels of its input.
        outputs: Channels of its output.
        side: Height and width of both.
        level: The scale of the coupling, with the network's width.
    """

    return PlainConvolutions(inputs, outputs, width=level.width)
