"""Couplings undone with frozen networks, their derivatives in closed form."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from diffeo.models.flow.frozen import Frozen, Tape
from diffeo.models.flow.masks import Mask
from diffeo.models.flow.transforms import Transform
from diffeo.shapes import Images, Memory

__all__ = ["Uncoupled", "undo"]


@dataclass(frozen=True)
class Uncoupled:
    """The inverse of a coupling.

    Args:
        mask: Which part stays.
        transform: How the other part moves.
        network: From the part that stays to the transform's parameters.
    """

    mask: Mask
    transform: Transform
    network: Frozen

    def __call__(self, y: Images) -> Images:
        """Move the part that moves back."""

        x: Images = _Uncouple.apply(y, self)  # type: ignore[no-untyped-call]

        return x

    def rewind(self, x: Images, gradient: Images) -> tuple[Images, Images]:
        """Move the part again, with one run of the network for the gradient too."""

        with torch.enable_grad():
            x = x.detach().requires_grad_()
            y: Images = _Rewind.apply(x, self)  # type: ignore[no-untyped-call]

        (in_y,) = torch.autograd.grad(y, x, gradient)

        return y.detach(), in_y


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
        return _pull_whole(ctx, gradient), None


class _Rewind(torch.autograd.Function):
    """The way back to what was moved, with the derivative of the way there."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, how: Uncoupled) -> Tensor:  # noqa: ANN401
        stays, moves = how.mask.split(x)
        parameters, tape = how.network.run(stays)
        moved, _ = how.transform.forward(moves, parameters)
        _, kept = how.transform.undo(moved, parameters)
        _keep(ctx, how, tape, kept)

        return how.mask.merge(stays, moved)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        return _pull_whole(ctx, gradient), None


def _undo(ctx: Any, stays: Tensor, moved: Tensor, how: Uncoupled) -> Tensor:  # noqa: ANN401
    parameters, tape = how.network.run(stays)
    moves, kept = how.transform.undo(moved, parameters)
    _keep(ctx, how, tape, kept)

    return moves


def _keep(ctx: Any, how: Uncoupled, tape: Tape, kept: Memory) -> None:  # noqa: ANN401
    ctx.how, ctx.tape = how, len(tape)
    ctx.save_for_backward(*tape, *kept)


def _pull_whole(ctx: Any, gradient: Tensor) -> Tensor:  # noqa: ANN401
    mask: Mask = ctx.how.mask
    in_stays, in_moves = mask.split(gradient)
    through, in_moved = _pull(ctx, in_moves)

    return mask.merge(through.add_(in_stays), in_moved)


def _pull(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    saved = ctx.saved_tensors
    in_moved, in_parameters = ctx.how.transform.pull(gradient, saved[ctx.tape :])

    return ctx.how.network.pull(in_parameters, saved[: ctx.tape]), in_moved
