"""Linear layers as one affine map of the channels."""

from collections.abc import Iterable

import torch
from torch import Tensor

from diffeo.models.flow.bijection import Bijection
from diffeo.models.flow.invertible_backprop import Step, both_ways
from diffeo.shapes import Images, LogDet

__all__ = ["ChannelAffine", "join_neighbors"]


class ChannelAffine(Bijection):
    """The same affine map of the channels at every place, y = weight · x + bias.

    Args:
        weight: An invertible matrix, (channels, channels).
        bias: A number for each channel, (channels,).
        like: A tensor of the data type and on the device on which the map is to run.

    Example:
        >>> halve = ChannelAffine(torch.eye(3) / 2, torch.zeros(3), like=torch.ones(()))
        >>> halve(torch.ones(1, 3, 1, 1))[0].flatten()
        tensor([0.5000, 0.5000, 0.5000])
    """

    def __init__(self, weight: Tensor, bias: Tensor, *, like: Tensor) -> None:
        super().__init__()
        self.weight, self.bias = (value.cpu().double() for value in (weight, bias))
        inverse = torch.linalg.inv(self.weight)
        self._volume: Tensor = torch.linalg.slogdet(self.weight).logabsdet.to(like)
        self._there = self.weight.to(like), self.bias.to(like)
        self._back = inverse.to(like), (-inverse @ self.bias).to(like)

    def forward(self, x: Images) -> tuple[Images, LogDet]:
        """Return the mapped channels."""

        return _affine(*self._there, x), self._logdet(x)

    def inverse(self, y: Images) -> tuple[Images, LogDet]:
        """Return the channels as they were."""

        return _affine(*self._back, y), -self._logdet(y)

    def steps(self) -> tuple[Step, Step]:
        """Return both directions as steps."""

        return both_ways(self.forward, self.inverse)

    def then(self, other: "ChannelAffine") -> "ChannelAffine":
        """Return this map followed by the other one."""

        bias = other.weight @ self.bias + other.bias

        return ChannelAffine(other.weight @ self.weight, bias, like=self._volume)

    def _logdet(self, x: Images) -> LogDet:
        _, _, height, width = x.shape

        return (self._volume * height * width).expand(len(x))


def join_neighbors(parts: Iterable[Bijection]) -> list[Bijection]:
    """Return parts in which neighboring affine maps of the channels are one.

    Args:
        parts: Bijections in the order in which `forward` runs them.

    Example:
        >>> halve = ChannelAffine(torch.eye(3) / 2, torch.zeros(3), like=torch.ones(()))
        >>> (quarter,) = join_neighbors([halve, halve])
        >>> quarter(torch.ones(1, 3, 1, 1))[0].flatten()
        tensor([0.2500, 0.2500, 0.2500])
    """

    joined: list[Bijection] = []

    for part in parts:
        last = joined[-1] if joined else None

        if isinstance(part, ChannelAffine) and isinstance(last, ChannelAffine):
            joined[-1] = last.then(part)
        else:
            joined.append(part)

    return joined


def _affine(weight: Tensor, bias: Tensor, x: Images) -> Images:
    """Multiply channels by a matrix: for so few, one product an image is fastest."""

    weights = weight.expand(len(x), -1, -1)
    y: Images = torch.baddbmm(bias[:, None], weights, x.flatten(2)).view_as(x)

    return y
