"""Training that ends by the clock, with looks at held-out images on the way."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DistributedSampler

from diffeo.batching import in_batches
from diffeo.models.flow.dequantization import dequantize
from diffeo.training.batches import batches

__all__ = ["Follow", "Point", "Way", "latest", "passing", "recent", "train"]

Follow = Callable[[Tensor, Tensor, Tensor | int], Tensor]


class Point(NamedTuple):
    """What a look found."""

    seconds: float
    steps: int
    bits: float


@dataclass(frozen=True)
class Way:
    """How a density model is trained.

    Args:
        model: Made ready for its first step.
        bits: Bits per dimension that a model gives each dequantized image.
        optimizer: Of the model's parameters.
        rate: Learning rate at a step of so many.
        follow: The averaged weights, from those before, those of now, and how many
            have been averaged.
        dtype: Of convolutions while it trains.
        clip: Greatest norm of the gradient.
    """

    model: nn.Module
    bits: Callable[[nn.Module, Tensor], Tensor]
    optimizer: torch.optim.Optimizer
    rate: Callable[[int, int], float]
    follow: Follow
    dtype: torch.dtype = torch.float32
    clip: float = 1.0


def latest(
    averaged: Tensor,  # noqa: ARG001
    now: Tensor,
    count: Tensor | int,  # noqa: ARG001
) -> Tensor:
    """Return the weights of now."""

    return now


def recent(averaged: Tensor, now: Tensor, count: Tensor | int) -> Tensor:
    """Return a moving average over the last seventh of all steps, at most a thousand.

    With so many steps as the shipped weights took, it decays as theirs did; with few,
    it does not hold on to the first weights.
    """

    return averaged.lerp(now, max(0.001, 7 / (8 + int(count))))


def train(
    way: Way,
    pixels: Tensor,
    held_out: Tensor,
    looks: Sequence[float],
    *,
    size: int = 128,
    clock: Callable[[], float] = time.process_time,
) -> Iterator[Point]:
    """Train until the last look, and yield what each finds with the averaged weights.

    Only steps are on the clock: looking at held-out images is free. How many steps
    there will be, by which the rate is set, is foreseen from those taken so far.

    Args:
        way: How to train.
        pixels: Gray values from 0 to 255 to train on.
        held_out: Such values to look at, with the same noise each time.
        looks: Seconds on the clock, increasing.
        size: Images in a batch.
        clock: Seconds since whenever.
    """

    averaged = AveragedModel(way.model, avg_fn=way.follow)
    seconds, steps = 0.0, 0
    stream = _stream(pixels, size)
    generator = torch.Generator().manual_seed(0)

    for look in looks:
        while seconds < look:
            begun = clock()
            foreseen = math.ceil(steps * looks[-1] / seconds) if steps else 1
            x = dequantize(next(stream).float() / 255, generator=generator)
            _step(way, x, way.rate(steps, foreseen))
            averaged.update_parameters(way.model)
            steps += 1
            seconds += clock() - begun

        yield Point(seconds, steps, _look(way, averaged.module, held_out))


def passing(points: Sequence[Point], bits: float) -> float:
    """Return the seconds after which a training is at so few bits, or infinity.

    Args:
        points: Of its looks; between two of them its course is taken to be straight,
            and where it was before the first is not known.
        bits: Per dimension.
    """

    if points[0].bits <= bits:
        return points[0].seconds

    for before, after in pairwise(points):
        if after.bits <= bits:
            share = (before.bits - bits) / (before.bits - after.bits)

            return before.seconds + share * (after.seconds - before.seconds)

    return math.inf


def _stream(pixels: Tensor, size: int) -> Iterator[Tensor]:
    """Yield batches without end, in a new order each time all have been seen."""

    loader = batches(pixels, size=size, seed=0)
    epoch = 0

    while True:
        if isinstance(loader.sampler, DistributedSampler):
            loader.sampler.set_epoch(epoch)

        for (rows,) in loader:
            yield rows

        epoch += 1


def _step(way: Way, x: Tensor, rate: float) -> None:
    for group in way.optimizer.param_groups:
        group["lr"] = rate

    with torch.autocast("cpu", torch.bfloat16, enabled=way.dtype == torch.bfloat16):
        loss = way.bits(way.model, x).mean()

    way.optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(way.model.parameters(), way.clip)
    way.optimizer.step()


@torch.no_grad()
def _look(way: Way, model: nn.Module, held_out: Tensor) -> float:
    generator = torch.Generator().manual_seed(0)
    x = dequantize(held_out.float() / 255, generator=generator)

    return in_batches(partial(way.bits, model), x).mean().item()
