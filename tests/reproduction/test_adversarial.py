from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from diffeo.models.seeded import seeded
from diffeo.models.strided import generator
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule
from reproduction.adversarial import Adversarial, critic
from unchecked import unchecked_calls


def cloud(count: int) -> Tensor:
    noise = torch.randn(count, 2, generator=torch.Generator().manual_seed(0))

    return torch.tensor([2.0, -1.0]) + 0.3 * noise


def game() -> Adversarial:
    with seeded(0):
        maker = nn.Linear(2, 2)
        judge = nn.Sequential(nn.Linear(2, 32), nn.SiLU(), nn.Linear(32, 1))

    schedule = Schedule(rate=3e-2, warmup=10, plateau=0.99, momentum=0.0)

    return Adversarial(maker, judge, 2, schedule, seed=0, penalty=0.1)


def play(module: Adversarial, how: Fit, validation: Tensor | None = None) -> nn.Module:
    train = batches(cloud(512), size=64, seed=0)
    held_out = None if validation is None else batches(validation, size=64, seed=None)

    with unchecked_calls():
        fit(module, train, held_out, replace(how, average=0.95, progress=False))

    return module.model


def test_samples_come_to_have_mean_and_spread_of_the_data() -> None:
    z = torch.randn(512, 2, generator=torch.Generator().manual_seed(1))
    x, made = cloud(512), play(game(), Fit(None, 40))(z)

    torch.testing.assert_close(made.mean(0), x.mean(0), rtol=0, atol=0.1)
    torch.testing.assert_close(made.std(0), x.std(0), rtol=0, atol=0.12)


def test_each_loss_moves_its_own_network_alone() -> None:
    module, x = game(), cloud(8)

    for loss, mine, other in zip(
        module.losses(x, draw=0),
        (module.critic, module.model),
        (module.model, module.critic),
        strict=True,
    ):
        moved = torch.autograd.grad(
            loss, [*mine.parameters(), *other.parameters()], allow_unused=True
        )
        own = len(list(mine.parameters()))

        assert all(slope is not None for slope in moved[:own])
        assert all(slope is None for slope in moved[own:])


def test_the_penalty_is_the_squared_slope_of_the_critic() -> None:
    module, x = game(), cloud(4).double()
    straight = nn.Linear(2, 1).double()
    module.critic = straight
    found = module._steepness(x)

    torch.testing.assert_close(found, straight.weight.square().sum())


class Failing(Adversarial):
    """Fails in the second epoch."""

    def on_train_epoch_start(self) -> None:
        if self.current_epoch == 1:
            raise ArithmeticError


def test_a_resumed_game_ends_as_one_that_never_stopped(tmp_path: Path) -> None:
    whole, how, held_out = game(), Fit(tmp_path, 2), cloud(9)
    failing = Failing(whole.model, whole.critic, 2, whole.schedule, seed=0, penalty=0.1)

    with pytest.raises(ArithmeticError):
        play(deepcopy(failing), how, held_out)

    resumed = play(game(), replace(how, resume=True), held_out)
    play(whole, Fit(None, 2), held_out)

    for found, expected in zip(
        resumed.parameters(), whole.model.parameters(), strict=True
    ):
        torch.testing.assert_close(found, expected)


def test_images_are_made_and_told_apart_row_by_row() -> None:
    maker = generator((3, 8, 16), 5, (8, 16)).double()
    judge = critic((3, 8, 16), (4, 8)).double()
    z = torch.randn(3, 5, generator=torch.Generator().manual_seed(1)).double()
    x = maker(z)

    assert x.shape == (3, 3, 8, 16)
    assert x.min() >= 0
    assert x.max() <= 1
    torch.testing.assert_close(maker(z[1:2]), x[1:2])
    torch.testing.assert_close(judge(x[1:2]), judge(x)[1:2])
