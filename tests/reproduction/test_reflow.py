import math
from pathlib import Path
from typing import cast

import pytest
import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.grids import times_towards_data
from diffeo.training.augmentation import RandomCrop
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.flow_matching import line_error
from diffeo.training.schedule import Schedule
from diffeo.workflows.train.module import TrainingOptions
from reproduction.pairs import Pairing, runge_kutta
from reproduction.reflow import LineRegression, often_at_ends, train_reflow
from unchecked import unchecked_calls

RATE, SHAPE = 0.7, (1, 8, 8)


class Growing(nn.Module):
    """The velocity of growth by e^RATE, which leads from noise to its multiple."""

    def __init__(self) -> None:
        super().__init__()
        self.rate = nn.Parameter(torch.tensor(RATE))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        assert t.shape == x.shape[:1]

        return self.rate * x


class Straight(nn.Module):
    """A velocity that is linear in the point, with a factor to learn.

    Along the lines from z to c z it is (c − 1) x / (1 + (c − 1) t).
    """

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(0.0))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        share = t.reshape(-1, *(1,) * (x.ndim - 1))

        return self.gain * x / (1 + self.gain * share)


def place(velocity: nn.Module) -> FlowMatching:
    times = times_towards_data(2)

    return FlowMatching(velocity, SHAPE, times=times, center=0.5, spread=0.5)


def pixels(count: int, side: int = 8) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    size = count, 1, side, side

    return torch.randint(256, size, generator=generator, dtype=torch.uint8)


def growing_pairs() -> dict[str, Tensor]:
    pairing = Pairing(samples=300, views=2, steps=4, progress=False)

    return pairing.make(place(Growing()), pixels(20), pixels(5))


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (1.0, 0.0)])
def test_paths_are_followed_with_errors_of_fourth_order_both_ways(
    start: float, end: float
) -> None:
    point = torch.ones(2, 3, dtype=torch.float64)
    exact = math.exp(RATE * (end - start))
    coarse, fine = (
        runge_kutta(
            Growing().double(), point, torch.linspace(start, end, steps + 1).tolist()
        )
        for steps in (4, 8)
    )
    errors = [abs(found[0, 0].item() - exact) for found in (coarse, fine)]

    assert errors[1] < 1e-5
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.2)


def test_pairs_are_the_ends_of_the_same_paths() -> None:
    pairs = growing_pairs()

    assert len(pairs["z"]) == len(pairs["x"]) == 300 + 2 * 20
    assert {each.dtype for each in pairs.values()} == {torch.float16}

    for z, x in (("z", "x"), ("held_out_z", "held_out_x")):
        grown = math.exp(RATE) * pairs[z].float()
        torch.testing.assert_close(grown, pairs[x].float(), atol=0.03, rtol=0.01)

    noise, images = pairs["z"][:300].float(), pairs["x"][300:].float()
    clean = pixels(20).float().repeat(2, 1, 1, 1) / 127.5 - 1

    assert abs(noise.mean()) < 0.03
    assert noise.std() == pytest.approx(1, abs=0.03)
    assert (images - clean).std() == pytest.approx(0.03, rel=0.1)
    assert not torch.equal(images[:20], images[20:])


def test_pairs_come_again_from_the_same_seed() -> None:
    first, again = growing_pairs(), growing_pairs()

    for name, points in first.items():
        assert torch.equal(points, again[name])


def test_no_velocity_is_wrong_on_the_lines_of_pairs() -> None:
    z = torch.randn(50, *SHAPE, generator=torch.Generator().manual_seed(0))
    right, still = Straight(), Straight()
    right.gain.data.fill_(RATE)
    times = torch.linspace(0, 1, len(z))

    assert line_error(right, z, (1 + RATE) * z, times) < 1e-12
    assert line_error(still, z, (1 + RATE) * z, times) > 0.4 * RATE**2


def test_a_field_learns_the_lines_between_pairs() -> None:
    pairs = growing_pairs()
    model = place(Straight())
    module = LineRegression(model, Schedule(rate=3e-2, warmup=5), seed=0)
    loaders = (
        batches(pairs["z"], pairs["x"], size=68, seed=0),
        batches(pairs["held_out_z"], pairs["held_out_x"], size=5, seed=None),
    )
    fit(module, *loaders, Fit(None, 30, average=0.9, figure="val_loss", progress=False))
    z, x = (pairs[name].float() for name in ("held_out_z", "held_out_x"))
    decoded = (model.decode(z.flatten(1)) - 0.5) / 0.5
    gain = cast("Straight", model.velocity).gain.item()

    assert gain == pytest.approx(math.exp(RATE) - 1, rel=0.02)
    torch.testing.assert_close(decoded, x, atol=0.05, rtol=0.03)


def test_times_are_often_at_the_ends() -> None:
    times = often_at_ends(40_000, torch.Generator().manual_seed(0))
    share = (times < 0.1).double().mean().item()
    expected = (math.expm1(0.4) + math.exp(4) - math.exp(3.6)) / (2 * math.expm1(4))

    assert 0 <= times.min() <= times.max() <= 1
    assert times.mean() == pytest.approx(0.5, abs=0.01)
    assert share == pytest.approx(expected, rel=0.05)


def test_a_smaller_field_is_trained_from_the_teacher_and_goes_on(
    tmp_path: Path,
) -> None:
    settings = {"shape": list(SHAPE), "widths": [8, 16], "blocks": 2, "steps": 8}
    teacher = cast("FlowMatching", zoo.Recipe("flow-matching", settings).build())
    teacher.eval().requires_grad_(requires_grad=False)
    generator = torch.Generator().manual_seed(0)

    for parameter in teacher.parameters():
        parameter.add_(0.02 * torch.randn(parameter.shape, generator=generator))

    recipe = zoo.Recipe("flow-matching", {**settings, "blocks": 1, "steps": 4})
    card = zoo.Card(recipe, "noise", "a test", "none", {})
    pairing = Pairing(samples=40, views=1, steps=2, crop=RandomCrop(8), progress=False)
    images = pixels(20, side=10), pixels(6)
    weights = tmp_path / "fast.safetensors"

    with unchecked_calls():
        for epochs in (1, 2):
            how = TrainingOptions(
                weights, epochs, 20, seed=3, resume=epochs > 1, progress=False
            )
            train_reflow(images, teacher, pairing, card, how)

    stored = zoo.card(weights)
    model = cast("FlowMatching", zoo.load(weights))
    first = "velocity.first.weight"

    assert model.times == times_towards_data(4)
    assert stored.recipe.settings["seed"] == 3
    assert stored.figures["round_trip_rms"] < 1e-4
    assert 0 < stored.figures["latent_norm_ratio"] < 3
    torch.testing.assert_close(
        model.state_dict()[first], teacher.state_dict()[first], atol=0.01, rtol=0
    )
