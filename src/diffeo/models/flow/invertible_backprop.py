"""A backward pass that recomputes activations from outputs instead of keeping them."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from diffeo.shapes import LogDet

__all__ = ["Direction", "Replay", "Step", "both_ways", "run_steps"]

Direction = Callable[[Tensor], tuple[Tensor, LogDet]]
"""A bijection in one direction: from its input to its output and log-determinant."""


class Replay(NamedTuple):
    """A step run again, with a graph, from an input recomputed from its output.

    Args:
        inputs: Parts of the input, leaves of the graph.
        outputs: The step's output and log-determinant.
        merge: From the parts of an input, or from gradients in them, to the whole.

    Example:
        >>> _, inverse = both_ways(lambda x: (x, x), lambda y: (y, y))
        >>> inverse.replay(torch.ones(2)).inputs
        (tensor([1., 1.], requires_grad=True),)
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, LogDet]
    merge: Callable[..., Tensor]


class Step(NamedTuple):
    """One direction of a bijection whose inverse is accurate wherever it is used.

    Args:
        run: The direction itself.
        replay: From an output of `run` to how it came about.
        parameters: Those that `run` depends on.

    Example:
        >>> forward, _ = both_ways(lambda x: (2 * x, 0 * x), lambda y: (y / 2, 0 * y))
        >>> forward.run(torch.ones(2))[0]
        tensor([2., 2.])
    """

    run: Direction
    replay: Callable[[Tensor], Replay]
    parameters: tuple[nn.Parameter, ...] = ()


def both_ways(
    forward: Direction, inverse: Direction, parameters: Iterable[nn.Parameter] = ()
) -> tuple[Step, Step]:
    """Return both directions as steps, each replayed by undoing it and running it.

    Args:
        forward: From x to y.
        inverse: From y to x.
        parameters: Those that both depend on.

    Example:
        >>> _, inverse = both_ways(lambda x: (2 * x, 0 * x), lambda y: (y / 2, 0 * y))
        >>> inverse.run(torch.ones(2))[0]
        tensor([0.5000, 0.5000])
    """

    known = tuple(parameters)

    return (
        Step(forward, partial(_replay, forward, inverse), known),
        Step(inverse, partial(_replay, inverse, forward), known),
    )


def run_steps(steps: Sequence[Step], x: Tensor) -> tuple[Tensor, LogDet]:
    """Run steps from first to last, keeping nothing for the gradient but the output.

    Values and gradients, also those in parameters, are the ones of autograd. Memory
    does not grow with the number of steps; the backward pass runs each once more.

    Source: Gomez, Ren, Urtasun and Grosse, 2017, The reversible residual network,
    Section 3.

    Args:
        steps: What to run.
        x: The input of the first.

    Returns:
        The output of the last step, and the sum of all log-determinants.

    Example:
        >>> double, _ = both_ways(
        ...     lambda x: (2 * x, x.new_zeros(len(x))),
        ...     lambda y: (y / 2, y.new_zeros(len(y))),
        ... )
        >>> x = torch.ones(1, 3, requires_grad=True)
        >>> y, _ = run_steps([double, double], x)
        >>> torch.autograd.grad(y.sum(), x)
        (tensor([[4., 4., 4.]]),)
    """

    parameters = {
        id(value): value
        for step in steps
        for value in step.parameters
        if value.requires_grad
    }
    y: tuple[Tensor, LogDet] = _Run.apply(steps, x, *parameters.values())  # type: ignore[no-untyped-call]

    return y


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        steps: Sequence[Step],
        x: Tensor,
        *parameters: nn.Parameter,
    ) -> tuple[Tensor, Tensor]:
        device, total = x.device.type, x.new_zeros(len(x))
        ctx.steps, ctx.parameters = steps, parameters
        ctx.autocast = partial(
            torch.autocast,
            device,
            torch.get_autocast_dtype(device),
            enabled=torch.is_autocast_enabled(device),
        )

        for step in steps:
            x, logdet = step.run(x)
            total = total + logdet

        ctx.save_for_backward(x)

        return x, total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        (y,) = ctx.saved_tensors
        gradient, logdet_gradient = gradients
        # before all that comes and goes, so that what stays leaves no holes in memory
        sums = {id(value): torch.zeros_like(value) for value in ctx.parameters}

        for step in reversed(ctx.steps):
            with torch.enable_grad(), ctx.autocast():
                replay = step.replay(y)

            y, gradient = _go_back(
                replay, (gradient, logdet_gradient), step.parameters, sums
            )
            del replay

        return None, gradient, *sums.values()


def _go_back(
    replay: Replay,
    gradients: tuple[Tensor, Tensor],
    parameters: Sequence[nn.Parameter],
    sums: dict[int, Tensor],
) -> tuple[Tensor, Tensor]:
    """Return a step's input and the gradient in it; add up those in parameters."""

    wanted = [value for value in parameters if id(value) in sums]
    pairs = [
        (output, gradient)
        for output, gradient in zip(replay.outputs, gradients, strict=True)
        if output.requires_grad
    ]
    found = torch.autograd.grad(
        [output for output, _ in pairs],
        (*replay.inputs, *wanted),
        [gradient for _, gradient in pairs],
        allow_unused=True,
        materialize_grads=True,
    )
    inputs = len(replay.inputs)

    for value, gradient in zip(wanted, found[inputs:], strict=True):
        sums[id(value)].add_(gradient)

    start = replay.merge(*(value.detach() for value in replay.inputs))

    return start, replay.merge(*found[:inputs])


def _replay(run: Direction, undo: Direction, y: Tensor) -> Replay:
    with torch.no_grad():
        x, _ = undo(y)

    x = x.detach().requires_grad_()

    return Replay((x,), run(x), _the_whole)


def _the_whole(x: Tensor) -> Tensor:
    return x
