"""The coupling network that all libraries run here: 3×3, 1×1 and 3×3 convolutions."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffeo.models.flow.frozen import Convolution, Layer, Stack
from diffeo.models.flow.recipes import Level

__all__ = ["Rectified", "rectified"]


class Rectified(nn.Module):
    """Three convolutions with rectified activations between them.

    Args:
        inputs: Channels of the input.
        outputs: Channels of the output.
        width: Hidden channels.
    """

    def __init__(self, inputs: int, outputs: int, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 1)
        self.last = nn.Conv2d(width, outputs, 3, padding=1)
        nn.init.normal_(self.last.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """Return the coupling's parameters in the precision of `x`."""

        hidden = self.first(x.contiguous(memory_format=torch.channels_last))
        hidden = self.second(functional.relu(hidden, inplace=True))
        parameters: Tensor = self.last(functional.relu(hidden, inplace=True))

        return parameters.to(x.dtype)

    def frozen(self, dtype: torch.dtype) -> Layer:
        """Return its layers with the weights of now, cast once to a precision."""

        first, second, last = (
            Convolution(part, dtype) for part in (self.first, self.second, self.last)
        )

        return Stack((first, _Rectify(), second, _Rectify(), last))


class _Rectify:
    def run(self, x: Tensor, tape: list[Tensor]) -> Tensor:
        y = torch.relu_(x)
        tape.append(y)

        return y

    def pull(self, gradient: Tensor, tape: list[Tensor]) -> Tensor:
        pulled: Tensor = torch.ops.aten.threshold_backward(gradient, tape.pop(), 0)

        return pulled


def rectified(
    inputs: int,
    outputs: int,
    side: tuple[int, int],  # noqa: ARG001
    level: Level,
) -> nn.Module:
    """Return the network for a flow of ours."""

    return Rectified(inputs, outputs, level.width)
