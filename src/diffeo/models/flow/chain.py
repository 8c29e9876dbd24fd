"""Bijections one after the other."""

from collections.abc import Iterable, Sequence
from itertools import groupby

import torch
from torch import Tensor, nn

from diffeo.models.flow.bijection import Bijection
from diffeo.models.flow.inference.channel_affine import join_neighbors
from diffeo.models.flow.invertible_backprop import Step, run_steps
from diffeo.shapes import LogDet

__all__ = ["Chain", "InvertibleChain"]


class Chain(Bijection):
    """Bijections one after the other; itself a bijection.

    Args:
        parts: Those to run from first to last.

    Example:
        >>> from diffeo.models.flow.layers import Squeeze
        >>> y, logdet = Chain([Squeeze(), Squeeze()])(torch.zeros(2, 1, 4, 4))
        >>> y.shape
        torch.Size([2, 16, 1, 1])
    """

    def __init__(self, parts: Iterable[Bijection]) -> None:
        super().__init__()
        self.parts: Sequence[Bijection] = nn.ModuleList(parts)  # type: ignore[assignment]

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

    def inference(self, dtype: torch.dtype) -> "Chain":
        """Return a chain with constant parameters, neighboring affine maps joined."""

        return Chain(join_neighbors(part.inference(dtype) for part in self.parts))

    def invertible(self) -> "Chain | None":
        """Return a chain that keeps least for the gradient, if it can keep less."""

        parts: list[Bijection] = []

        for able, run in groupby(self.parts, lambda part: part.steps() is not None):
            if able:
                parts.append(InvertibleChain(run))
            else:
                parts += [part.invertible() or part for part in run]

        return None if parts == list(self.parts) else Chain(parts)


class InvertibleChain(Bijection):
    """Bijections one after the other that keep only their output for the gradient.

    Args:
        parts: Those to run from first to last, all with steps.

    Example:
        >>> from diffeo.models.flow.layers import InvertibleConvolution
        >>> parts = InvertibleConvolution(3), InvertibleConvolution(3)
        >>> chain, x = InvertibleChain(parts), torch.rand(1, 3, 2, 2)
        >>> torch.allclose(chain.inverse(chain(x)[0])[0], x, atol=1e-5)
        True
    """

    def __init__(self, parts: Iterable[Bijection]) -> None:
        super().__init__()
        self.parts: Sequence[Bijection] = nn.ModuleList(parts)  # type: ignore[assignment]

    def forward(self, x: Tensor) -> tuple[Tensor, LogDet]:
        """Apply the parts from first to last."""

        return run_steps([forward for forward, _ in self._steps()], x)

    def inverse(self, y: Tensor) -> tuple[Tensor, LogDet]:
        """Undo the parts from last to first."""

        return run_steps([inverse for _, inverse in reversed(self._steps())], y)

    def _steps(self) -> list[tuple[Step, Step]]:
        pairs = [part.steps() for part in self.parts]

        return [pair for pair in pairs if pair is not None]
