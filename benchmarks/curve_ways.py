"""The trainings that are compared: ours, and those of a Glow from normflows."""

from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from benchmarks.clocked import Way, latest, recent
from benchmarks.plain_glow import plain_bits, plain_glow, start
from diffeo.arithmetic import multiply_adds
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.flow import as_flow
from diffeo.models.flow.recipes import Level
from diffeo.models.precision import low_precision_dtype
from diffeo.training.schedule import Schedule
from reproduction.mnist.training import DIGITS_FLOW

__all__ = ["more_work", "ways"]

SHAPE = (1, 28, 28)
SCHEDULE = Schedule(warmup=50)  # a short one: the shipped training takes 7,700 steps
PLAIN_RATE = 1e-3


def ways(x: Tensor) -> dict[str, Way]:
    """Return the trainings by the name of their figures.

    Ours is the shipped recipe. The Glow of normflows has its multiply-adds, and is
    trained plainly, by Adam at a constant rate, or with our schedule and averaging.

    Args:
        x: Dequantized digits that set the first scales.
    """

    return {
        "ours": _ours(x, low_precision_dtype(x.device)),
        "ours_float32": _ours(x, torch.float32),
        "before_scheduled": _scheduled(_theirs(x), plain_bits, torch.float32),
        "before": _plain(_theirs(x)),
    }


def more_work(those: Mapping[str, Way], x: Tensor) -> float:
    """Return the multiply-adds of their Glow over those of our flow.

    Args:
        those: The trainings.
        x: A digit.
    """

    theirs, ours = (
        multiply_adds(lambda way=those[name]: way.bits(way.model, x))  # type: ignore[misc]
        for name in ("before", "ours")
    )

    return theirs / ours


def _ours(x: Tensor, dtype: torch.dtype) -> Way:
    flow = DIGITS_FLOW.build()
    initialize(flow, x)
    flow = flow.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    return _scheduled(flow, _bits, dtype)


def _theirs(x: Tensor) -> nn.Module:
    levels = [Level(**level) for level in DIGITS_FLOW.settings["levels"]]
    model = plain_glow(SHAPE, levels)
    start(model, x)

    return model


def _bits(model: nn.Module, x: Tensor) -> Tensor:
    return as_flow(model).bits_per_dimension(x)


def _scheduled(
    model: nn.Module, bits: Callable[[nn.Module, Tensor], Tensor], dtype: torch.dtype
) -> Way:
    configured = cast("Mapping[str, Optimizer]", SCHEDULE.optimizer(model, steps=1))

    return Way(
        model,
        bits,
        configured["optimizer"],
        lambda step, steps: SCHEDULE.rate * SCHEDULE.factor(step, steps),
        follow=recent,
        dtype=dtype,
    )


def _plain(model: nn.Module) -> Way:
    return Way(
        model,
        plain_bits,
        torch.optim.Adam(model.parameters()),
        lambda step, steps: PLAIN_RATE,  # noqa: ARG005
        follow=latest,
    )
