"""Elementwise maps of decoders, with their derivatives in closed form."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from diffeo.shapes import Images, Maps

__all__ = ["unscale"]


def unscale(y: Images, parameters: Maps, bound: float) -> Images:
    """Return y · exp(−bound · tanh(raw / bound)) − shift.

    Args:
        y: What was scaled and shifted.
        parameters: Shift, then raw logarithm of the scale, in twice the channels.
        bound: Of the logarithm of the scale.
    """

    x: Images = _Unscale.apply(y, parameters, bound)  # type: ignore[no-untyped-call]

    return x


class _Unscale(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        y: Tensor,
        parameters: Tensor,
        bound: float,
    ) -> Tensor:
        shift, raw = parameters.chunk(2, dim=1)
        squashed = (raw / bound).tanh_()
        unscaled = torch.mul(squashed, -bound).exp_()
        ctx.save_for_backward(y, squashed, unscaled)

        return torch.addcmul(-shift, y, unscaled)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:  # noqa: ANN401
        y, squashed, unscaled = ctx.saved_tensors
        in_y = gradient * unscaled
        slope = torch.addcmul(torch.ones_like(squashed), squashed, squashed, value=-1)
        in_raw = slope.mul_(y).mul_(in_y).neg_()

        return in_y, torch.cat((-gradient, in_raw), dim=1), None
