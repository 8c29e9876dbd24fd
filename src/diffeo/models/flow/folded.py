"""A frozen flow made ready to decode often: folded once, with no volumes computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from diffeo.shapes import Images, LogDet

__all__ = ["Decodable", "Decoder", "Mix", "Steps", "Undo", "decoder"]


@runtime_checkable
class Decoder(Protocol):
    """The inverse of a frozen bijection, without its log-determinant."""

    def __call__(self, y: Tensor) -> Tensor:
        """Return what the bijection made `y` of."""


@runtime_checkable
class Invertible(Protocol):
    """What of a bijection a decoder needs."""

    def inverse(self, y: Tensor) -> tuple[Tensor, LogDet]:
        """Return x and log |det ∂x/∂y| of each row."""


@runtime_checkable
class Decodable(Protocol):
    """A bijection that has a decoder of its own."""

    def decoder(self, dtype: torch.dtype) -> Decoder:
        """Return it, with the parameters of now.

        Args:
            dtype: Precision of the networks inside.
        """


def decoder(bijection: Invertible, dtype: torch.dtype) -> Decoder:
    """Return the decoder of a bijection.

    Args:
        bijection: Any; without a decoder of its own it is run as it is.
        dtype: Precision of the networks inside.
    """

    if isinstance(bijection, Decodable):
        return bijection.decoder(dtype)

    return Undo(bijection)


@dataclass(frozen=True)
class Undo:
    """The inverse of any bijection."""

    bijection: Invertible

    def __call__(self, y: Tensor) -> Tensor:
        """Return what the bijection made `y` of."""

        return self.bijection.inverse(y)[0]


@dataclass(frozen=True)
class Mix:
    """The same affine map of the channels at every place of an image.

    Args:
        matrix: From channels to channels.
        bias: Of each channel, added last.
    """

    matrix: Tensor
    bias: Tensor

    def __call__(self, y: Images) -> Images:
        """Return the mixed channels."""

        x: Images = _Mix.apply(y, self.matrix, self.bias)  # type: ignore[no-untyped-call]

        return x

    def after(self, other: "Mix") -> "Mix":
        """Return the other map followed by this one."""

        bias = self.matrix @ other.bias + self.bias

        return Mix(self.matrix @ other.matrix, bias)


class _Mix(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        y: Tensor,
        matrix: Tensor,
        bias: Tensor,
    ) -> Tensor:
        ctx.matrix = matrix

        return _mixed(y, matrix).add_(bias[:, None, None])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        return _mixed(gradient, ctx.matrix.T), None, None


def _mixed(x: Tensor, matrix: Tensor) -> Tensor:
    """Multiply channels by a matrix: for so few, one product an image is fastest."""

    return torch.matmul(matrix, x.flatten(2)).view_as(x)


@dataclass(frozen=True)
class Steps:
    """Decoders one after the other."""

    decoders: Sequence[Decoder]

    @classmethod
    def of(cls, decoders: Sequence[Decoder]) -> "Steps":
        """Join decoders in the order in which they run, neighboring mixes to one."""

        joined: list[Decoder] = []

        for decoder in decoders:
            last = joined[-1] if joined else None

            if isinstance(decoder, Mix) and isinstance(last, Mix):
                joined[-1] = decoder.after(last)
            else:
                joined.append(decoder)

        return cls(joined)

    def __call__(self, y: Tensor) -> Tensor:
        """Run from the first to the last."""

        for decoder in self.decoders:
            y = decoder(y)

        return y
