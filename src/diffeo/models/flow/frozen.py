"""Networks whose parameters stand still: only what a gradient in the input needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffeo.models.flow.kernels import channels_last
from diffeo.shapes import Maps

__all__ = [
    "Freezable",
    "Frozen",
    "Layer",
    "Position",
    "Rectify",
    "Residual",
    "Smooth",
    "Stack",
    "Tape",
    "frozen",
]

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


class Position:
    """A bias for each place.

    Args:
        bias: Channels, height and width.
        dtype: Precision in which it is added.
    """

    def __init__(self, bias: Tensor, dtype: torch.dtype) -> None:
        self.bias = channels_last(bias.detach()[None].to(dtype))

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
class Rectify:
    """max(x, 0)."""

    def run(self, x: Maps, tape: Tape) -> Maps:
        """Return the activations."""

        y = _comparable(x).relu().view(x.dtype)
        tape.append(y)

        return y

    def pull(self, gradient: Maps, tape: Tape) -> Maps:
        """Return the gradient where the activation is above 0."""

        gate = _comparable(tape.pop())
        pulled: Tensor = torch.ops.aten.threshold_backward(
            _comparable(gradient), gate, 0
        )

        return pulled.view(gradient.dtype)


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
    """A frozen network in its own precision.

    Args:
        layer: What it computes.
        dtype: Precision in which it does so; inputs and outputs keep theirs.
    """

    layer: Layer
    dtype: torch.dtype

    def run(self, x: Maps) -> tuple[Maps, Tape]:
        """Return the output, and a tape of all that `pull` needs."""

        tape: Tape = []
        y = self.layer.run(self._cast(x), tape)

        return _planes(y, x.dtype), tape

    def pull(self, gradient: Maps, tape: Sequence[Tensor]) -> Maps:
        """Return the gradient in the input, in memory of its own."""

        pulled = self.layer.pull(self._cast(gradient), list(tape))

        return _planes(pulled, gradient.dtype)

    def _cast(self, x: Maps) -> Maps:
        return channels_last(x.to(self.dtype, memory_format=torch.channels_last))


def frozen(network: nn.Module, dtype: torch.dtype) -> Frozen:
    """Return a network with its parameters of now, ready to run often.

    Args:
        network: Any; one that has no frozen likeness runs as it is.
        dtype: Precision in which its frozen likeness runs.
    """

    if isinstance(network, Freezable):
        return Frozen(network.frozen(dtype), dtype)

    return Frozen(_AsItIs(network), next(network.parameters()).dtype)


@dataclass(frozen=True)
class _AsItIs:
    network: nn.Module

    def run(self, x: Maps, tape: Tape) -> Maps:
        tape.append(x)

        with torch.no_grad():
            y: Maps = self.network(x)

        return y

    def pull(self, gradient: Maps, tape: Tape) -> Maps:
        with torch.enable_grad():
            x = tape.pop().detach().requires_grad_()
            (pulled,) = torch.autograd.grad(self.network(x), x, gradient)

        return pulled


def _comparable(x: Maps) -> Tensor:
    """Return the same memory as numbers with the same signs that compare faster."""

    return x.view(torch.int16) if x.dtype == torch.bfloat16 else x


def _planes(x: Maps, dtype: torch.dtype) -> Maps:
    """Return maps with each channel in one piece, so that halves of them are too."""

    return x.to(dtype, memory_format=torch.contiguous_format).contiguous()
