import itertools
from copy import deepcopy
from pathlib import Path

import pytest
import torch

from diffeo import zoo
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.grids import on_times
from diffeo.models.velocity import VelocityUNet
from diffeo.training.augmentation import ColorJitter
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.flow_matching import VelocityMatching, transported
from diffeo.training.schedule import Schedule
from unchecked import unchecked_calls


def stripes(count: int) -> torch.Tensor:
    """Images of gray stripes, upright or level."""

    generator = torch.Generator().manual_seed(0)
    phase = torch.randint(2, (count,), generator=generator)[:, None, None]
    line = (torch.arange(8) + phase) // 2 % 2
    upright = line.expand(-1, 8, -1).float()
    flip = torch.rand(count, generator=generator) < 0.5
    images = torch.where(flip[:, None, None], upright.mT, upright)

    return 0.25 + 0.5 * images[:, None]


def field(steps: int, widths: list[int]) -> FlowMatching:
    settings = {"shape": [1, 8, 8], "widths": widths, "steps": steps}
    model = zoo.Recipe("flow-matching", settings).build()

    assert isinstance(model, FlowMatching)

    return model


@pytest.fixture(scope="module")
def trained() -> FlowMatching:
    """A field of eight steps that was fitted to stripes for some seconds."""

    x = stripes(256)
    model = field(steps=8, widths=[16, 32])
    schedule = Schedule(rate=5e-3, warmup=20)
    module = VelocityMatching(model, schedule, seed=0, noise=0.1)
    train, held_out = batches(x, size=64, seed=0), batches(x[:16], size=16, seed=None)

    with unchecked_calls():
        fit(module, train, held_out, Fit(None, 40, average=0.95, progress=False))

    return model.eval().requires_grad_(requires_grad=False)


def test_a_trained_field_samples_data(trained: FlowMatching) -> None:
    x = stripes(256).flatten(1)
    samples = trained.decode(
        torch.randn(64, 64, generator=torch.Generator().manual_seed(1))
    )
    nearest = torch.cdist(samples.flatten(1), x).min(1).values

    assert nearest.median() < 0.25 * x.norm(dim=1).mean()


@pytest.mark.parametrize(
    ("dtype", "tolerance", "error"),
    [(torch.float64, 1e-11, 1e-9), (torch.float32, 1e-6, 1e-4)],
)
def test_a_trained_field_is_inverted(
    trained: FlowMatching, dtype: torch.dtype, tolerance: float, error: float
) -> None:
    x = stripes(256)[:4].to(dtype)
    where = on_times(deepcopy(trained).to(dtype), trained.times, tolerance)

    with unchecked_calls():
        found = where.certify(x, rounds=0)
        again = where.decode(where.encode(x))

    assert found.exact.all()
    assert (again - x).abs().max() <= error


def test_noise_is_transported_at_the_least_cost_of_all_orders() -> None:
    start, end = torch.randn(2, 5, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    found = transported(start, end)
    costs = [
        (start[list(order)] - end).square().sum()
        for order in itertools.permutations(range(5))
    ]

    assert (found - end).square().sum() == min(costs)
    assert {*map(tuple, found.flatten(1).tolist())} == {
        *map(tuple, start.flatten(1).tolist())
    }


def test_transport_and_jitter_are_part_of_the_loss_of_training() -> None:
    model, x = field(steps=2, widths=[8, 16]), stripes(16)

    def loss(module: VelocityMatching, *, training: bool) -> float:
        generator = torch.Generator().manual_seed(0)

        return module.train(training).loss(x, generator).item()

    plain, shorter, tinted = (
        VelocityMatching(model, Schedule(), seed=0, **options)
        for options in ({}, {"pair": transported}, {"jitter": ColorJitter(0.3)})
    )

    # an untrained velocity is 0, so the loss is the mean square of x − z
    assert loss(shorter, training=True) < loss(plain, training=True)
    assert loss(tinted, training=True) != loss(plain, training=True)
    assert loss(tinted, training=False) == loss(plain, training=False)


def test_velocities_are_zero_at_first_and_rows_stand_alone() -> None:
    network = VelocityUNet(3, (8, 16), blocks=1)
    x, t = torch.rand(3, 3, 8, 8), torch.tensor([0.1, 0.5, 0.9])

    assert torch.equal(network(x, t), torch.zeros_like(x))

    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)

    torch.testing.assert_close(network(x[1:2], t[1:2]), network(x, t)[1:2])


def test_the_recipe_is_stored_and_built_again(tmp_path: Path) -> None:
    path = tmp_path / "field.safetensors"
    settings = {"shape": [1, 8, 8], "widths": [8, 16], "steps": 2}
    recipe = zoo.Recipe("flow-matching", settings)
    zoo.save(recipe.build(), zoo.Card(recipe, "none", "none", "none", {}), path)

    assert zoo.load(path).times == (0.0, 0.75, 1.0)
