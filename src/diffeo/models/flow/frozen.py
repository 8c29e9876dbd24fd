"""Networks whose parameters stand still: only what a gradient in the input needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffeo.shapes import Maps

__all__ = [
    "Convolution",
    "Freezable",
    "Frozen",
    "Layer",
    "Position",
    "Residual",
    "Smooth",
    "Stack",
    "Tape",
    "frozen",
]

Tape = list[Tensor]
CACHE = 1 << 21  # bytes of the widest maps of the rows that run together


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
    """A frozen network in its own precision.

    It runs on a few rows at a time, so that what one layer writes is still in the
    processor's cache when the next one reads it.

    Args:
        layer: What it computes.
        dtype: Precision in which it does so; inputs and outputs keep theirs.
        width: Channels of its widest maps.
    """

    layer: Layer
    dtype: torch.dtype
    width: int

    def run(self, x: Maps) -> tuple[Maps, Tape]:
        """Return the output, and a tape of all that `pull` needs."""

        kept: Tape = []
        outputs = []

        for rows in self._few(x):
            tape: Tape = []
            outputs.append(self.layer.run(self._cast(rows), tape))
            kept += tape

        return _joined(outputs).to(x.dtype), kept

    def pull(self, gradient: Maps, kept: Sequence[Tensor]) -> Maps:
        """Return the gradient in the input, in memory of its own."""

        few = self._few(gradient)
        each = len(kept) // len(few)
        tapes = [list(kept[at * each :][:each]) for at in range(len(few))]
        pulled = [
            self.layer.pull(self._cast(rows), tape)
            for rows, tape in zip(few, tapes, strict=True)
        ]

        return _joined(pulled).to(gradient.dtype)

    def _cast(self, x: Maps) -> Maps:
        return _rows_last(x.to(self.dtype, memory_format=torch.channels_last))

    def _few(self, x: Maps) -> Sequence[Maps]:
        if x.device.type != "cpu":
            return [x]

        row = self.width * x.shape[2] * x.shape[3] * self.dtype.itemsize

        few: Sequence[Maps] = x.split(max(1, CACHE // row))

        return few


def frozen(network: nn.Module, dtype: torch.dtype) -> Frozen:
    """Return a network with its parameters of now, ready to run often.

    Args:
        network: Any; one that has no frozen likeness runs as it is.
        dtype: Precision in which its frozen likeness runs.
    """

    widths = [len(value) for value in network.parameters() if value.ndim]

    if isinstance(network, Freezable):
        return Frozen(network.frozen(dtype), dtype, max(widths))

    example = next(network.parameters())

    return Frozen(_AsItIs(network), example.dtype, len(example))


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


def _joined(rows: Sequence[Maps]) -> Maps:
    return rows[0] if len(rows) == 1 else torch.cat(list(rows))


def _rows_last(x: Maps) -> Maps:
    return x.contiguous(memory_format=torch.channels_last)
