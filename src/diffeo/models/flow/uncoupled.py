"""Couplings undone with frozen networks, their derivatives in closed form."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from diffeo.models.flow.frozen import Frozen
from diffeo.shapes import Images, Maps, Memory

__all__ = ["Uncoupled", "undo"]


@runtime_checkable
class _Mask(Protocol):
    def split(self, x: Maps) -> tuple[Maps, Maps]: ...

    def merge(self, stays: Maps, moves: Maps) -> Maps: ...


@runtime_checkable
class _Transform(Protocol):
    def undo(self, y: Images, parameters: Maps) -> tuple[Images, Memory]: ...

    def pull(self, gradient: Images, kept: Memory) -> tuple[Images, Maps]: ...


@dataclass(frozen=True)
class Uncoupled:
    """The inverse of a coupling.

    Args:
        mask: Which part stays.
        transform: How the other part moves.
        network: From the part that stays to the transform's parameters.
    """

    mask: _Mask
    transform: _Transform
    network: Frozen

    def __call__(self, y: Images) -> Images:
        """Move the part that moves back."""

        x: Images = _Uncouple.apply(y, self)  # type: ignore[no-untyped-call]

        return x


def undo(stays: Images, moved: Images, how: Uncoupled) -> Images:
    """Return the part that moves, moved back, given the part that stays."""

    moves: Images = _Undo.apply(stays, moved, how)  # type: ignore[no-untyped-call]

    return moves


class _Undo(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        stays: Tensor,
        moved: Tensor,
        how: Uncoupled,
    ) -> Tensor:
        return _undo(ctx, stays, moved, how)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:  # noqa: ANN401
        return *_pull(ctx, gradient), None


class _Uncouple(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y: Tensor, how: Uncoupled) -> Tensor:  # noqa: ANN401
        stays, moved = how.mask.split(y)

        return how.mask.merge(stays, _undo(ctx, stays, moved, how))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        mask = ctx.how.mask
        in_stays, in_moves = mask.split(gradient)
        through, in_moved = _pull(ctx, in_moves)

        return mask.merge(through.add_(in_stays), in_moved), None


def _undo(ctx: Any, stays: Tensor, moved: Tensor, how: Uncoupled) -> Tensor:  # noqa: ANN401
    parameters, tape = how.network.run(stays)
    moves, kept = how.transform.undo(moved, parameters)
    ctx.how, ctx.tape = how, len(tape)
    ctx.save_for_backward(*tape, *kept)

    return moves


def _pull(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    saved = ctx.saved_tensors
    in_moved, in_parameters = ctx.how.transform.pull(gradient, saved[ctx.tape :])

    return ctx.how.network.pull(in_parameters, saved[: ctx.tape]), in_moved
