"""Elementwise bijections whose parameters a network provides."""

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor

from diffeo.shapes import Images, LogDet, Maps

__all__ = ["Additive", "Affine", "Transform"]


@runtime_checkable
class Transform(Protocol):
    """An elementwise bijection whose parameters a network provides.

    Example:
        >>> Affine().parameters_per_element
        2
    """

    parameters_per_element: ClassVar[int]
    """Channels of the network's output for each channel that is transformed."""

    def forward(self, x: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Return y and the log-determinant."""

    def inverse(self, y: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Return x and the log-determinant of the inverse."""


@dataclass(frozen=True)
class Additive:
    """y = x + shift.

    Source: Dinh, Krueger and Bengio, 2015, NICE, Section 3.2.

    Example:
        >>> Additive().forward(torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1))
        (tensor([[[[1.]]]]), tensor([0.]))
    """

    parameters_per_element: ClassVar[int] = 1

    def forward(self, x: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Add the shift."""

        return x + parameters, x.new_zeros(len(x))

    def inverse(self, y: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Subtract the shift."""

        return y - parameters, y.new_zeros(len(y))


@dataclass(frozen=True)
class Affine:
    """y = (x + shift) · exp(log_scale), with |log_scale| below `bound`.

    Source: Dinh, Sohl-Dickstein and Bengio, 2017, RealNVP, equations (7) and (8).

    Args:
        bound: Greatest logarithm of a scale.

    Example:
        >>> x, parameters = torch.ones(1, 1, 2, 2), torch.zeros(1, 2, 2, 2)
        >>> _, logdet = Affine().forward(x, parameters)
        >>> logdet
        tensor([0.])
    """

    parameters_per_element: ClassVar[int] = 2
    bound: float = 3.0

    def forward(self, x: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Shift, then scale."""

        shift, log_scale = self._read(parameters)

        return (x + shift) * log_scale.exp(), log_scale.flatten(1).sum(1)

    def inverse(self, y: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Unscale, then shift back."""

        shift, log_scale = self._read(parameters)

        return y * (-log_scale).exp() - shift, -log_scale.flatten(1).sum(1)

    def _read(self, parameters: Maps) -> tuple[Tensor, Tensor]:
        shift, raw = parameters.chunk(2, dim=1)

        return shift, self.bound * torch.tanh(raw / self.bound)
