"""Convolutions with constant weights, in the forms in which they are fastest."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from diffeo.shapes import Maps

__all__ = ["InferenceConvolution", "channels_last"]

LANES = 16  # numbers that a processor's registers hold


class InferenceConvolution(nn.Module):
    """A convolution of stride 1 that keeps the size of its input.

    The gradient is a convolution as well, with the kernel turned around: that is the
    direction in which convolutions are fastest, and needs nothing kept.

    Args:
        convolution: One with an odd kernel and without groups.
        dtype: Precision in which it runs.

    Example:
        >>> plain, x = nn.Conv2d(2, 3, 3, padding=1), torch.rand(1, 2, 4, 4)
        >>> fast = InferenceConvolution(plain, torch.float32)
        >>> torch.allclose(fast(x), plain(x), atol=1e-5)
        True
    """

    def __init__(self, convolution: nn.Conv2d, dtype: torch.dtype) -> None:
        super().__init__()
        weight = convolution.weight.detach().to(dtype)
        bias = convolution.bias
        self.kernel = _Kernel(weight, None if bias is None else bias.detach().to(dtype))
        self.turned = _Kernel(weight.flip(2, 3).transpose(0, 1), None)
        self.dtype = dtype

    def forward(self, x: Maps) -> Maps:
        """Return the convolved maps."""

        y: Maps = _Convolve.apply(channels_last(x.to(self.dtype)), self)  # type: ignore[no-untyped-call]

        return y


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, convolution: InferenceConvolution) -> Tensor:  # noqa: ANN401
        ctx.convolution = convolution

        return convolution.kernel(x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        return ctx.convolution.turned(channels_last(gradient)), None


class _Kernel:
    """A kernel that goes from place to place, or from pair to pair of places.

    The channels of a place are computed together. Where they are too few to fill a
    register, a kernel one place wider computes those of two neighbors at once: in
    memory the channels of neighbors follow each other.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._weight, self._bias = channels_last(weight), bias
        self._padding = weight.shape[2] // 2, weight.shape[3] // 2
        self._few = weight.shape[3] > 1 and 2 * len(weight) <= LANES

        if self._few:
            left, right = (functional.pad(weight, (at, 1 - at)) for at in range(2))
            self._wide = channels_last(torch.cat((left, right)))
            self._wide_bias = None if bias is None else bias.repeat(2)

    def __call__(self, x: Maps) -> Maps:
        if self._few and x.shape[3] % 2 == 0 and x.device.type == "cpu":
            return self._pairs(x)

        return functional.conv2d(x, self._weight, self._bias, padding=self._padding)

    def _pairs(self, x: Maps) -> Maps:
        rows, _, height, width = x.shape
        pairs = functional.conv2d(
            x, self._wide, self._wide_bias, stride=(1, 2), padding=self._padding
        )
        places = pairs.permute(0, 2, 3, 1).reshape(rows, height, width, -1)

        return places.permute(0, 3, 1, 2)


def channels_last(x: Tensor) -> Tensor:
    """Return the same maps with the channels of each place side by side in memory.

    Example:
        >>> channels_last(torch.zeros(1, 3, 2, 2)).stride()
        (12, 1, 6, 3)
    """

    return x.contiguous(memory_format=torch.channels_last)
