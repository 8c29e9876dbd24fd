"""A frozen flow made ready to decode often: folded once, with no volumes computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from diffeo.models.flow.rewind import Rewindable, Rewound
from diffeo.shapes import Images, LogDet

__all__ = [
    "Decodable",
    "Decoder",
    "Mix",
    "Steps",
    "Undo",
    "decoder",
    "reversible_decoder",
]


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


@runtime_checkable
class Turnable(Protocol):
    """A decoder that has another form, or parts that do."""

    def reversible(self) -> Decoder:
        """Return the like of it that keeps least for the gradient."""


def reversible_decoder(decoder: Decoder) -> Decoder:
    """Return a decoder of the same values whose memory does not grow with its steps.

    Args:
        decoder: Any; one that has no such form is returned as it is.
    """

    return decoder.reversible() if isinstance(decoder, Turnable) else decoder


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

        x: Images = _Mix.apply(y, self)  # type: ignore[no-untyped-call]

        return x

    def run(self, y: Images) -> Images:
        """Return the mixed channels, without a gradient."""

        return _mixed(y, self.matrix).add_(self.bias[:, None, None])

    def pull(self, gradient: Images) -> Images:
        """Return the gradient in the input of one in the output."""

        return _mixed(gradient, self.matrix.T)

    def reversible(self) -> "_Remix":
        """Return this map together with the one back."""

        matrix = torch.linalg.inv(self.matrix.double()).to(self.matrix.dtype)

        return _Remix(self, Mix(matrix, -matrix @ self.bias))

    def after(self, other: "Mix") -> "Mix":
        """Return the other map followed by this one."""

        bias = self.matrix @ other.bias + self.bias

        return Mix(self.matrix @ other.matrix, bias)


class _Mix(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y: Tensor, mix: Mix) -> Tensor:  # noqa: ANN401
        ctx.mix = mix

        return mix.run(y)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        return ctx.mix.pull(gradient), None


def _mixed(x: Tensor, matrix: Tensor) -> Tensor:
    """Multiply channels by a matrix: for so few, one product an image is fastest."""

    return torch.matmul(matrix, x.flatten(2)).view_as(x)


@dataclass(frozen=True)
class _Remix:
    there: Mix
    back: Mix

    def __call__(self, y: Images) -> Images:
        return self.there(y)

    def rewind(self, x: Images, gradient: Images) -> tuple[Images, Images]:
        return self.back.run(x), self.there.pull(gradient)


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

    def reversible(self) -> "Steps":
        """Return the same steps, neighbors that can be rewound joined."""

        decoders = map(reversible_decoder, self.decoders)
        joined: list[Decoder] = []

        for able, run in groupby(decoders, lambda one: isinstance(one, Rewindable)):
            some = list(run)
            joined += [Rewound(some)] if able else some  # type: ignore[arg-type]

        return Steps(joined)
