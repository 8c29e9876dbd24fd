"""Networks whose parameters stand still: only what a gradient in the input needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from diffeo.shapes import Maps

__all__ = [
    "Convolution",
    "Freezable",
    "Frozen",
    "Layer",
    "Network",
    "Position",
    "Residual",
    "Smooth",
    "Stack",
    "frozen",
]

Network = Callable[[Tensor], Tensor]
Tape = list[Tensor]


@runtime_checkable
class Layer(Protocol):
    """A frozen map that puts on a tape what its way back needs, and nothing else."""

    def run(self, x: Maps, tape: Tape) -> Maps:
        """Return the output, written to memory of its own."""

    def pull(self, gradient: Maps, tape: Tape) -> Maps:
        """Return the gradient in the input, and take off the tape what `run` put."""


@runtime_checkable
class Freezable(Protocol):
    """A network that has a frozen likeness."""

    def frozen(self, dtype: torch.dtype) -> Layer:
        """Return its layers with the weights of now, cast once to a precision."""


class Convolution:
    """A convolution of stride 1 that keeps the size of its input.

    The gradient is a convolution as well, with the kernel turned around: that is the
    direction in which convolutions are fastest, and needs nothing kept.

    Args:
        convolution: The one to freeze, with an odd kernel and without groups.
        dtype: Precision in which it runs.
    """

    def __init__(self, convolution: nn.Conv2d, dtype: torch.dtype) -> None:
        weight = convolution.weight.detach().to(dtype)
        bias = convolution.bias
        self.weight = _rows_last(weight)
        self.turned = _rows_last(weight.flip(2, 3).transpose(0, 1))
        self.bias = None if bias is None else bias.detach().to(dtype)
        self.padding = weight.shape[2] // 2

    def run(self, x: Maps, tape: Tape) -> Maps:  # noqa: ARG002
        """Return the convolved maps."""

        return functional.conv2d(x, self.weight, self.bias, padding=self.padding)

    def pull(self, gradient: Maps, tape: Tape) -> Maps:  # noqa: ARG002
        """Return the gradient convolved with the turned kernel."""

        return functional.conv2d(gradient, self.turned, padding=self.padding)


class Position:
    """A bias for each place.

    Args:
        bias: Channels, height and width.
        dtype: Precision in which it is added.
    """

    def __init__(self, bias: Tensor, dtype: torch.dtype) -> None:
        self.bias = _rows_last(bias.detach()[None].to(dtype))

    def run(self, x: Maps, tape: Tape) -> Maps:  # noqa: ARG002
        """Return the sum."""

        return x + self.bias

    def pull(self, gradient: Maps, tape: Tape) -> Maps:  # noqa: ARG002
        """Return the gradient as it is."""

        return gradient


@dataclass(frozen=True)
class Smooth:
    """x · sigmoid(x)."""

    def run(self, x: Maps, tape: Tape) -> Maps:
        """Return the activations."""

        tape.append(x)

        return functional.silu(x)

    def pull(self, gradient: Maps, tape: Tape) -> Maps:
        """Return the gradient times the derivative."""

        pulled: Maps = torch.ops.aten.silu_backward(gradient, tape.pop())

        return pulled


@dataclass(frozen=True)
class Stack:
    """Layers one after the other."""

    layers: Sequence[Layer]

    def run(self, x: Maps, tape: Tape) -> Maps:
        """Run from the first to the last."""

        for layer in self.layers:
            x = layer.run(x, tape)

        return x

    def pull(self, gradient: Maps, tape: Tape) -> Maps:
        """Pull from the last to the first."""

        for layer in reversed(self.layers):
            gradient = layer.pull(gradient, tape)

        return gradient


@dataclass(frozen=True)
class Residual:
    """x + inner(x)."""

    inner: Layer

    def run(self, x: Maps, tape: Tape) -> Maps:
        """Return the sum."""

        return self.inner.run(x, tape).add_(x)

    def pull(self, gradient: Maps, tape: Tape) -> Maps:
        """Return the sum of the gradients of both ways."""

        return self.inner.pull(gradient, tape) + gradient


@dataclass(frozen=True)
class Frozen:
    """A frozen network in its own precision, differentiable in its input.

    Args:
        layer: What it computes.
        dtype: Precision in which it does so; inputs and outputs keep theirs.
    """

    layer: Layer
    dtype: torch.dtype

    def __call__(self, x: Maps) -> Maps:
        """Return the network's output."""

        y: Maps = _Network.apply(x, self)  # type: ignore[no-untyped-call]

        return y

    def run(self, x: Maps, tape: Tape) -> Maps:
        """Return the network's output, with what is needed to pull on the tape."""

        return self.layer.run(_rows_last(x.to(self.dtype)), tape).to(x.dtype)

    def pull(self, gradient: Maps, tape: Tape) -> Maps:
        """Return the gradient in the network's input."""

        inner = _rows_last(gradient.to(self.dtype))

        return self.layer.pull(inner, tape).to(gradient.dtype)


def frozen(network: nn.Module, dtype: torch.dtype) -> Network:
    """Return a network with its parameters of now, ready to run often.

    Args:
        network: Any; one that has no frozen likeness is taken as it is.
        dtype: Precision in which its frozen likeness runs.
    """

    if isinstance(network, Freezable):
        return Frozen(network.frozen(dtype), dtype)

    return network


class _Network(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, network: Frozen) -> Tensor:  # noqa: ANN401
        tape: Tape = []
        y = network.run(x, tape)
        ctx.network = network
        ctx.save_for_backward(*tape)

        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        return ctx.network.pull(gradient, list(ctx.saved_tensors)), None


def _rows_last(x: Maps) -> Maps:
    return x.contiguous(memory_format=torch.channels_last)
