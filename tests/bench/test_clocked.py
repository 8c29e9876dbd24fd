from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
import pytorch_lightning as lightning
import torch
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from benchmarks.clocked import Follow, Point, Way, latest, passing, recent, train
from diffeo.models.precision import low_precision_dtype
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule

SHAPE = (1, 4, 4)


@dataclass
class Clock:
    """Goes on when told, and only then."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


class Guess(nn.Module):
    """One weight for each pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.linspace(-1, 1, 16).reshape(SHAPE))

    def forward(self, x: Tensor) -> Tensor:
        return (x.round(decimals=1) - self.values).square().flatten(1).mean(1)


@dataclass
class Timed:
    """A loss that takes time, one second in training and a hundred in looking."""

    clock: Clock
    rates: list[tuple[int, int]] = field(default_factory=list)

    def bits(self, model: nn.Module, x: Tensor) -> Tensor:
        self.clock.now += 1 if torch.is_grad_enabled() else 100
        bits: Tensor = model(x)

        return bits

    def rate(self, step: int, steps: int) -> float:
        self.rates.append((step, steps))

        return 0.1


def pixels(rows: int = 12) -> Tensor:
    generator = torch.Generator().manual_seed(0)

    return torch.randint(256, (rows, *SHAPE), generator=generator, dtype=torch.uint8)


def way(timed: Timed, follow: Follow = latest) -> Way:
    model = Guess()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)

    return Way(model, timed.bits, optimizer, timed.rate, follow)


def points(timed: Timed, looks: tuple[float, ...]) -> list[Point]:
    return list(train(way(timed), pixels(), pixels(), looks, size=4, clock=timed.clock))


def test_training_ends_at_its_last_look_with_looking_off_the_clock() -> None:
    found = points(Timed(Clock()), (2.0, 7.0))

    assert [(point.seconds, point.steps) for point in found] == [(2, 2), (7, 7)]


def test_more_time_gives_fewer_bits() -> None:
    first, last = points(Timed(Clock()), (1.0, 20.0))

    assert last.bits < 0.9 * first.bits


def test_the_rate_knows_how_many_steps_there_will_be() -> None:
    timed = Timed(Clock())
    points(timed, (3.0, 9.0))

    assert timed.rates[0][0] == 0
    assert timed.rates[1:] == [(step, 9) for step in range(1, 9)]


def test_a_training_by_the_clock_repeats_itself() -> None:
    assert points(Timed(Clock()), (5.0,)) == points(Timed(Clock()), (5.0,))


def test_average_holds_on_to_a_share_of_few_steps_and_to_a_thousand_of_many() -> None:
    averaged, now = torch.zeros(1), torch.ones(1)

    assert recent(averaged, now, torch.tensor(6)).item() == pytest.approx(0.5)
    assert recent(averaged, now, torch.tensor(10**6)).item() == pytest.approx(0.001)


def test_weights_looked_at_are_the_averaged_ones() -> None:
    def never(averaged: Tensor, now: Tensor, count: Tensor | int) -> Tensor:  # noqa: ARG001
        return averaged

    timed = Timed(Clock())
    first, last = train(
        way(timed, never), pixels(), pixels(), (1.0, 9.0), size=4, clock=timed.clock
    )

    assert first.bits == last.bits


class Trained(lightning.LightningModule):
    """The same loss for the library's own trainer."""

    def __init__(self, model: nn.Module, schedule: Schedule) -> None:
        super().__init__()
        self.model = model
        self.schedule = schedule

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:  # noqa: ARG002
        loss: Tensor = self.model(batch[0].float() / 255).mean()

        return loss

    def validation_step(self, batch: list[Tensor], index: int) -> None: ...

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return self.schedule.optimizer(
            self.model, int(self.trainer.estimated_stepping_batches)
        )


def test_steps_are_those_of_the_trainer(tmp_path: Path) -> None:
    schedule = Schedule(rate=0.05, warmup=2)
    ours, trained = Guess(), Guess()
    configured = cast("dict[str, torch.optim.Optimizer]", schedule.optimizer(ours, 6))
    clock = Clock()
    rough = low_precision_dtype(torch.device("cpu"))

    def rate(step: int, steps: int) -> float:
        return schedule.rate * schedule.factor(step, steps)

    timed = Timed(clock)
    tens = 25 * torch.randint(
        10, (12, *SHAPE), generator=torch.Generator().manual_seed(1), dtype=torch.uint8
    )
    by_clock = Way(ours, timed.bits, configured["optimizer"], rate, latest, dtype=rough)
    list(train(by_clock, tens, tens, (6.0,), size=4, clock=clock))
    fit(
        Trained(trained, schedule),
        batches(tens, size=4, seed=0),
        batches(tens, size=4, seed=None),
        Fit(tmp_path, epochs=2, average=0.0, progress=False),
    )

    torch.testing.assert_close(ours.values, trained.values)


def test_a_level_is_passed_where_the_line_between_two_looks_crosses_it() -> None:
    course = [Point(10, 1, 4.0), Point(20, 2, 2.0), Point(40, 3, 1.0)]

    assert passing(course, 5.0) == 10
    assert passing(course, 3.0) == pytest.approx(15)
    assert passing(course, 1.25) == pytest.approx(35)
    assert passing(course, 0.5) == float("inf")
