"""From the output of a bijection back to its input, with the gradients there."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from diffeo.shapes import LogDet

__all__ = ["Cotangents", "Ledger", "Retraceable", "retrace"]

Direction = Callable[[Tensor], tuple[Tensor, Tensor]]


class Cotangents(NamedTuple):
    """Gradients of a loss in what a bijection returned."""

    value: Tensor
    logdet: LogDet


class Ledger:
    """Sums of gradients in parameters.

    Args:
        parameters: Those whose gradients are wanted.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self.wanted = {id(value) for value in parameters}
        self.sums: dict[int, Tensor] = {}

    def pull(
        self,
        outputs: Sequence[Tensor],
        cotangents: Sequence[Tensor],
        inputs: Sequence[Tensor],
        module: nn.Module,
    ) -> list[Tensor]:
        """Return gradients in the inputs; book those in the module's parameters."""

        parameters = [
            value for value in module.parameters() if id(value) in self.wanted
        ]
        pairs = [
            (output, cotangent)
            for output, cotangent in zip(outputs, cotangents, strict=True)
            if output.requires_grad
        ]
        sources = (*inputs, *parameters)
        gradients = torch.autograd.grad(
            [output for output, _ in pairs],
            sources,
            [cotangent for _, cotangent in pairs],
            allow_unused=True,
            materialize_grads=True,
        )

        for value, gradient in zip(parameters, gradients[len(inputs) :], strict=True):
            known = self.sums.get(id(value))
            self.sums[id(value)] = gradient if known is None else known + gradient

        return list(gradients[: len(inputs)])

    def of(self, parameters: Iterable[nn.Parameter]) -> list[Tensor | None]:
        """Return the sums of some parameters, in their order."""

        return [self.sums.get(id(value)) for value in parameters]


@runtime_checkable
class Retraceable(Protocol):
    """A bijection that finds its input, and the gradients there, from its output.

    Only bijections whose inverse is accurate wherever they are used should offer it: a
    saturated one would not find its way back.
    """

    def retrace(
        self, y: Tensor, cotangents: Cotangents, ledger: Ledger
    ) -> tuple[Tensor, Tensor]:
        """Return the input that `forward` made `y` of, and the gradient in it."""

    def retrace_inverse(
        self, x: Tensor, cotangents: Cotangents, ledger: Ledger
    ) -> tuple[Tensor, Tensor]:
        """Return the input that `inverse` made `x` of, and the gradient in it."""


def retrace(
    module: nn.Module,
    way: Direction,
    back: Direction,
    output: Tensor,
    cotangents: Cotangents,
    ledger: Ledger,
) -> tuple[Tensor, Tensor]:
    """Return the input of one bijection and the gradient in it, by autograd.

    Args:
        module: The bijection.
        way: Its direction that made the output.
        back: The other one.
        output: What was made.
        cotangents: Gradients in what was made.
        ledger: Where to book the gradients in the parameters.
    """

    with torch.no_grad():
        start, _ = back(output)

    with torch.enable_grad():
        start = start.detach().requires_grad_()
        (gradient,) = ledger.pull(way(start), cotangents, [start], module)

    return start.detach(), gradient
