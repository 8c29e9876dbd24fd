import math

import pytest
import torch
from torch import nn

from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.methods import RadiusSchedule, RandomSearch
from diffeo.objectives import TargetClass
from diffeo.search import Run

PLANE = Identity((2,))
WIDTH = 0.02


class Wall(nn.Module):
    """Class 1 beyond a straight line, class 0 before it."""

    def __init__(self, normal: torch.Tensor, offset: float) -> None:
        super().__init__()
        self.normal, self.offset = normal, offset

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height = 100 * (x @ self.normal - self.offset)

        return torch.stack((torch.zeros_like(height), height), dim=1)


def wall() -> Wall:
    normal = torch.tensor([math.cos(0.7), math.sin(0.7)], dtype=torch.float64)

    model = Wall(normal, 0.9)
    model.eval()

    return model


def explain(
    x: torch.Tensor, model: nn.Module, method: RandomSearch, run: Run
) -> Counterfactuals:
    return method.explain(x, model, PLANE, TargetClass(1, 0.5), run)


def test_the_nearest_crossing_is_found() -> None:
    x = torch.tensor([[0.2, 0.3], [0.5, 0.4], [0.4, 0.1]], dtype=torch.float64)
    model = wall()
    method = RandomSearch(
        RadiusSchedule(0.7, WIDTH, patience=2), samples=2000, budget=100_000
    )
    record = explain(x, model, method, Run())
    nearest = model.offset - x @ model.normal
    found = record.latent_distance

    assert record.reached.all()
    assert (found >= nearest).all()
    assert (found <= nearest + WIDTH).all()
    away = (record.latent - record.origin) / found[:, None]
    assert (away @ model.normal > 0.9).all()


def test_the_budget_ends_the_search() -> None:
    x = torch.zeros(2, 2, dtype=torch.float64)
    method = RandomSearch(RadiusSchedule(0.5, WIDTH), samples=10, budget=25)
    record = explain(x, wall(), method, Run(path=True))

    assert record.outcome.tolist() == [Outcome.EXHAUSTED] * 2
    assert (record.steps <= 20).all()

    for row, path in enumerate(record.paths):
        assert path.steps[0] == 0
        assert path.steps[-1] == record.steps[row]
        assert torch.equal(path.latent[0], record.origin[row])
        assert (path.margin.diff() > 0).all()


def test_samples_fill_their_shell_evenly() -> None:
    seen: list[torch.Tensor] = []

    class Far(nn.Module):
        """Always class 0; remembers what it is asked."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(x)

            return torch.stack((9 + x[:, 0] / 100, 0 * x[:, 0]), dim=1)

    x = torch.full((1, 2), 0.5, dtype=torch.float64)
    method = RandomSearch(RadiusSchedule(0.4, 0.1), samples=4000, budget=8000)
    explain(x, Far().eval(), method, Run())
    last = torch.cat(seen[-8:])
    length = (last - x).norm(dim=1)

    assert len(length) == 4000
    assert length.min() >= 0.2
    assert length.max() < 0.4
    assert abs(length.mean().item() - 0.3) < 0.003
    assert (last - x).mean(0).abs().max() < 0.01


def test_an_interrupt_keeps_what_was_found() -> None:
    shells = 0

    class Interrupted(Wall):
        """Interrupts at the third shell."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            nonlocal shells
            shells += len(x) == 50

            if shells == 3 and len(x) == 50:
                raise KeyboardInterrupt

            return super().forward(x)

    model = Interrupted(wall().normal, 0.9)
    model.eval()
    x = torch.tensor([[0.5, 0.4], [0.1, 0.1], [0.2, 0.1]], dtype=torch.float64)
    method = RandomSearch(RadiusSchedule(0.7, WIDTH), samples=50, budget=1000)
    record = explain(x, model, method, Run(path=True))

    assert record.outcome.tolist() == [
        Outcome.REACHED,
        Outcome.INTERRUPTED,
        Outcome.INTERRUPTED,
    ]
    assert 0 < record.steps[0] <= 100
    assert len(record.paths) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"samples": 0}, "samples must be from 1"),
        ({"samples": 20, "budget": 10}, "samples must be from 1 to the budget of 10"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RandomSearch(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"), [("radius", 0.0), ("width", -1.0), ("patience", 0)]
)
def test_shells_have_a_size(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be above 0, got {value}"):
        RadiusSchedule(**{name: value})  # type: ignore[arg-type]
