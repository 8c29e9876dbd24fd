import math

import pytest
import torch
from torch import nn

from diffeo.coordinates.identity import Identity
from diffeo.methods.natural import Natural
from diffeo.methods.shells import GrowingShells, Shells, ShrinkingShells, sample
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


@pytest.mark.parametrize(
    "shells", [GrowingShells(WIDTH), ShrinkingShells(0.7, WIDTH, patience=2)]
)
def test_the_nearest_crossing_is_found(shells: Shells) -> None:
    x = torch.tensor([[0.2, 0.3], [0.5, 0.4], [0.4, 0.1]], dtype=torch.float64)
    model = wall()
    method = Natural(shells, samples=2000, budget=100_000)
    run = Run(reserve=0.0, batch_size=10_000)
    record = method.explain(x, model, PLANE, target=1, confidence=0.5, run=run)
    nearest = model.offset - x @ model.normal
    found = (record.latent - record.origin).norm(dim=1)

    assert record.reached.all()
    assert (found >= nearest).all()
    assert (found <= nearest + WIDTH).all()
    away = (record.latent - record.origin) / found[:, None]
    assert (away @ model.normal > 0.9).all()


def test_shrinking_needs_fewer_samples_than_growing() -> None:
    x = torch.tensor([[0.1, 0.1]], dtype=torch.float64)
    run = Run(reserve=0.0, batch_size=10_000)
    steps = [
        Natural(shells, samples=500, budget=100_000)
        .explain(x, wall(), PLANE, target=1, confidence=0.5, run=run)
        .steps.item()
        for shells in (ShrinkingShells(0.9, WIDTH), GrowingShells(WIDTH))
    ]

    assert steps[0] < steps[1]


def test_the_budget_ends_the_search() -> None:
    x = torch.zeros(2, 2, dtype=torch.float64)
    method = Natural(GrowingShells(WIDTH), samples=10, budget=25)
    run = Run(path=True)
    record = method.explain(x, wall(), PLANE, target=1, confidence=0.5, run=run)

    assert not record.reached.any()
    assert all(len(path.steps) == 2 + 1 for path in record.paths)
    assert (record.steps <= 20).all()
    assert all(
        margin > path.margin[0]
        for margin, path in zip(record.margin, record.paths, strict=True)
    )


def test_samples_fill_their_shell_evenly() -> None:
    shells = GrowingShells(0.5)
    memory = shells.start(torch.zeros(1, dtype=torch.float64))
    memory = shells.advance(torch.full((1,), torch.inf, dtype=torch.float64), memory)
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(4000, 3, generator=generator, dtype=torch.float64)
    shares = torch.rand(4000, generator=generator, dtype=torch.float64)
    steps, length = sample(shells.shell(memory), directions, shares)

    torch.testing.assert_close(steps.norm(dim=2), length)
    assert length.min() >= 0.5
    assert length.max() < 1.0
    assert steps.mean(1).abs().max() < 0.05
    assert abs(length.mean().item() - 0.75) < 0.01


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"samples": 0}, "samples must be from 1"),
        ({"samples": 20, "budget": 10}, "samples must be from 1 to the budget of 10"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Natural(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [0.0, -1.0])
def test_shells_have_a_width(width: float) -> None:
    with pytest.raises(ValueError, match="width must be above 0"):
        GrowingShells(width)

    with pytest.raises(ValueError, match="width must be above 0"):
        ShrinkingShells(1.0, width)
