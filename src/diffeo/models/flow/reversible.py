"""Backward passes that find activations again instead of keeping them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from diffeo.models.flow.bijection import Bijection, Composite
from diffeo.models.flow.flow import Flow
from diffeo.models.flow.retrace import Cotangents, Ledger, Retraceable
from diffeo.shapes import LogDet

__all__ = ["Reversible", "reversible"]


def reversible(flow: Flow) -> Flow:
    """Return a flow of the same parameters whose memory does not grow with its steps.

    Its values and gradients are those of the flow, at the cost of running each
    coupling's network once more in the backward pass. It is for search and training;
    forward-mode derivatives want the flow itself.

    Source: Gomez, Ren, Urtasun and Grosse, 2017, The reversible residual network,
    Section 3.

    Args:
        flow: The flow; it stays as it is.
    """

    (bijection,) = _reversed_parts([flow.bijection])
    other = Flow(bijection, flow.shape)
    other.typical = flow.typical

    return other.train(flow.training)


def _reversed_parts(parts: Sequence[Bijection]) -> list[Bijection]:
    """Join neighbors that can be retraced, at any depth."""

    joined: list[Bijection] = []

    for able, run in groupby(parts, lambda part: isinstance(part, Retraceable)):
        if able:
            joined.append(Reversible(run))  # type: ignore[arg-type]
        else:
            joined += [
                part.rebuild(_reversed_parts) if isinstance(part, Composite) else part
                for part in run
            ]

    return joined


class Reversible(nn.Module):
    """Bijections one after the other that keep nothing but what they return.

    Args:
        parts: Those to run from first to last.
    """

    def __init__(self, parts: Iterable[Retraceable]) -> None:
        super().__init__()
        self.parts: Sequence[Any] = nn.ModuleList(parts)  # type: ignore[arg-type, assignment]

    def forward(self, x: Tensor) -> tuple[Tensor, LogDet]:
        """Apply the parts from first to last."""

        way = [_Step(part.__call__, part.retrace) for part in self.parts]

        return self._run(way, x)

    def inverse(self, y: Tensor) -> tuple[Tensor, LogDet]:
        """Undo the parts from last to first."""

        parts = reversed(self.parts)
        way = [_Step(part.inverse, part.retrace_inverse) for part in parts]

        return self._run(way, y)

    def _run(self, way: "_Way", x: Tensor) -> tuple[Tensor, LogDet]:
        parameters = [value for value in self.parameters() if value.requires_grad]
        run: tuple[Tensor, LogDet] = _Run.apply(way, x, *parameters)  # type: ignore[no-untyped-call]

        return run


class _Step(NamedTuple):
    """One part in one direction."""

    run: Callable[[Tensor], tuple[Tensor, Tensor]]
    retrace: Callable[[Tensor, Cotangents, Ledger], tuple[Tensor, Tensor]]


_Way = list[_Step]


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        way: _Way,
        x: Tensor,
        *parameters: nn.Parameter,
    ) -> tuple[Tensor, Tensor]:
        total = x.new_zeros(len(x))
        ctx.way, ctx.parameters = way, parameters
        ctx.precision = _Precision.of(x)

        for step in way:
            x, logdet = step.run(x)
            total = total + logdet

        ctx.save_for_backward(x)

        return x, total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        (x,) = ctx.saved_tensors
        gradient, logdet = cotangents
        ledger = Ledger(ctx.parameters)

        with ctx.precision.again():
            for step in reversed(ctx.way):
                at = Cotangents(gradient, logdet)
                x, gradient = step.retrace(x, at, ledger)

        return None, gradient, *ledger.of(ctx.parameters)


class _Precision(NamedTuple):
    """The automatic casting under which a pass ran."""

    device: str
    dtype: torch.dtype
    enabled: bool

    @classmethod
    def of(cls, x: Tensor) -> "_Precision":
        """Return that of now, on the device of `x`."""

        device = x.device.type

        return cls(
            device, torch.get_autocast_dtype(device), torch.is_autocast_enabled(device)
        )

    @contextmanager
    def again(self) -> Iterator[None]:
        """Cast in the same way once more."""

        with torch.autocast(self.device, self.dtype, enabled=self.enabled):
            yield
