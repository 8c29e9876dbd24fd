"""Decoders whose backward pass finds again what they passed through."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ["Rewindable", "Rewound"]


@runtime_checkable
class Rewindable(Protocol):
    """A decoder that finds its input, and the gradient there, from its output.

    Only decoders whose inverse is accurate wherever they are used should offer it: a
    saturated one would not find its way back.
    """

    def __call__(self, y: Tensor) -> Tensor:
        """Return the output."""

    def rewind(self, x: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Return what `x` was made of, and the gradient in it.

        Args:
            x: An output.
            gradient: Of a loss, in the output.
        """


@dataclass(frozen=True)
class Rewound:
    """Decoders one after the other that keep nothing but what they return.

    Source: Gomez, Ren, Urtasun and Grosse, 2017, The reversible residual network,
    Section 3.

    Args:
        decoders: Those to run from first to last.
    """

    decoders: Sequence[Rewindable]

    def __call__(self, y: Tensor) -> Tensor:
        """Run from the first to the last."""

        x: Tensor = _Run.apply(y, self.decoders)  # type: ignore[no-untyped-call]

        return x


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        y: Tensor,
        decoders: Sequence[Rewindable],
    ) -> Tensor:
        for decoder in decoders:
            y = decoder(y)

        ctx.decoders = decoders
        ctx.save_for_backward(y)

        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        (x,) = ctx.saved_tensors

        for decoder in reversed(ctx.decoders):
            x, gradient = decoder.rewind(x, gradient)

        return gradient, None
