"""Bijections with tractable log-determinants, and how they compose."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from diffeo.models.flow.folded import Decoder, Steps, decoder
from diffeo.shapes import LogDet

__all__ = [
    "Bijection",
    "Chain",
    "Change",
    "Composite",
    "DataDependent",
    "Inverse",
    "initialize",
]


@runtime_checkable
class Bijection(Protocol):
    """A differentiable map with a differentiable inverse, one row at a time."""

    def __call__(self, x: Tensor) -> tuple[Tensor, LogDet]:
        """Return `forward(x)`."""

    def forward(self, x: Tensor) -> tuple[Tensor, LogDet]:
        """Return y and log |det ∂y/∂x| of each row."""

    def inverse(self, y: Tensor) -> tuple[Tensor, LogDet]:
        """Return x and log |det ∂x/∂y| of each row."""


@runtime_checkable
class DataDependent(Protocol):
    """A part whose first parameters are read off a batch of data."""

    def initialize(self, x: Tensor) -> None:
        """Set the parameters from the batch that arrives at this part."""


Change = Callable[[Sequence[Bijection]], Sequence[Bijection]]


@runtime_checkable
class Composite(Protocol):
    """A bijection made of bijections."""

    def rebuild(self, change: Change) -> Bijection:
        """Return the like of it, with each sequence of its bijections changed."""


class Chain(nn.Module):
    """Bijections one after the other; itself a bijection."""

    def __init__(self, parts: Iterable[Bijection]) -> None:
        super().__init__()
        self.parts: Sequence[Bijection] = nn.ModuleList(parts)  # type: ignore[arg-type, assignment]

    def forward(self, x: Tensor) -> tuple[Tensor, LogDet]:
        """Apply the parts from first to last."""

        total = x.new_zeros(len(x))

        for part in self.parts:
            x, logdet = part(x)
            total = total + logdet

        return x, total

    def inverse(self, y: Tensor) -> tuple[Tensor, LogDet]:
        """Undo the parts from last to first."""

        total = y.new_zeros(len(y))

        for part in reversed(self.parts):
            y, logdet = part.inverse(y)
            total = total + logdet

        return y, total

    def decoder(self, dtype: torch.dtype) -> Decoder:
        """Return the inverse, with linear parts folded together."""

        return Steps.of([decoder(part, dtype) for part in reversed(self.parts)])

    def rebuild(self, change: Change) -> "Chain":
        """Return a chain of changed parts."""

        return Chain(change(list(self.parts)))


class Inverse(nn.Module):
    """A bijection turned around; itself a bijection."""

    def __init__(self, bijection: Bijection) -> None:
        super().__init__()
        self.bijection = bijection

    def forward(self, x: Tensor) -> tuple[Tensor, LogDet]:
        """Apply the inverse of the wrapped bijection."""

        return self.bijection.inverse(x)

    def inverse(self, y: Tensor) -> tuple[Tensor, LogDet]:
        """Apply the wrapped bijection."""

        return self.bijection.forward(y)

    def rebuild(self, change: Change) -> "Inverse":
        """Return the inverse of the changed bijection."""

        return Inverse(Chain(change([self.bijection])))


def initialize(model: nn.Module, batch: Tensor) -> None:
    """Run a batch forward and let each data-dependent part read its parameters off it.

    Args:
        model: A bijection, or a module that runs one on `batch`.
        batch: Data as the first part expects it.
    """

    hooks = [part.register_forward_pre_hook(_initialize) for part in model.modules()]

    try:
        model(batch)
    finally:
        for hook in hooks:
            hook.remove()


def _initialize(part: nn.Module, arguments: tuple[Tensor]) -> None:
    if isinstance(part, DataDependent):
        part.initialize(arguments[0])
