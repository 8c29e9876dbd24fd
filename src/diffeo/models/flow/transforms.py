"""Elementwise bijections whose parameters a network provides."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from diffeo.shapes import Images, LogDet, Maps, Memory

__all__ = ["Additive", "Affine", "Transform"]


@runtime_checkable
class Transform(Protocol):
    """An elementwise bijection whose parameters a network provides."""

    @property
    def parameters(self) -> int:
        """How many parameters each element needs."""

    def forward(self, x: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Return y and the log-determinant."""

    def inverse(self, y: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Return x and the log-determinant of the inverse."""

    def undo(self, y: Images, parameters: Maps) -> tuple[Images, Memory]:
        """Return x alone, and what `pull` needs; `parameters` may be overwritten."""

    def pull(self, gradient: Images, kept: Memory) -> tuple[Images, Maps]:
        """Return the gradients in y and in the parameters of one in `undo`'s x."""


@dataclass(frozen=True)
class Additive:
    """y = x + shift.

    Source: Dinh, Krueger and Bengio, 2015, NICE, Section 3.2.
    """

    @property
    def parameters(self) -> int:
        """One: the shift."""

        return 1

    def forward(self, x: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Add the shift."""

        return x + parameters, x.new_zeros(len(x))

    def inverse(self, y: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Subtract the shift."""

        return y - parameters, y.new_zeros(len(y))

    def undo(self, y: Images, parameters: Maps) -> tuple[Images, Memory]:
        """Subtract the shift."""

        return y - parameters, ()

    def pull(self, gradient: Images, kept: Memory) -> tuple[Images, Maps]:  # noqa: ARG002
        """Return the gradient as it is and turned around."""

        return gradient, -gradient


@dataclass(frozen=True)
class Affine:
    """y = (x + shift) · exp(log_scale), with |log_scale| below `bound`.

    Source: Dinh, Sohl-Dickstein and Bengio, 2017, RealNVP, equations (7) and (8).
    """

    bound: float = 3.0

    @property
    def parameters(self) -> int:
        """Two: shift and raw logarithm of the scale."""

        return 2

    def forward(self, x: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Shift, then scale."""

        shift, log_scale = self._read(parameters)

        return (x + shift) * log_scale.exp(), log_scale.flatten(1).sum(1)

    def inverse(self, y: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Unscale, then shift back."""

        shift, log_scale = self._read(parameters)

        return y * (-log_scale).exp() - shift, -log_scale.flatten(1).sum(1)

    def undo(self, y: Images, parameters: Maps) -> tuple[Images, Memory]:
        """Unscale, then shift back."""

        shift, raw = parameters.chunk(2, dim=1)
        share = torch.mul(raw, 2 / self.bound).sigmoid_()  # tanh x = 2 sigmoid 2x - 1
        unscale = torch.rsub(share, self.bound, alpha=2 * self.bound).exp_()

        return torch.mul(y, unscale).sub_(shift), (y, share, unscale)

    def pull(self, gradient: Images, kept: Memory) -> tuple[Images, Maps]:
        """Return the gradients, of the raw scale by the slope of the bound."""

        y, share, unscale = kept
        in_y = gradient * unscale
        in_raw = torch.ops.aten.sigmoid_backward(in_y * y, share).mul_(-4)

        return in_y, torch.cat((-gradient, in_raw), dim=1)

    def _read(self, parameters: Maps) -> tuple[Tensor, Tensor]:
        shift, raw = parameters.chunk(2, dim=1)

        return shift, self.bound * torch.tanh(raw / self.bound)
