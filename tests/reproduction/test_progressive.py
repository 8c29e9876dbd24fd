from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.models.progressive import ProgressiveGenerator
from diffeo.models.seeded import seeded
from diffeo.training.augmentation import RandomCrop
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule
from reproduction.progressive import ProgressiveAdversarial
from reproduction.progressive_critic import coarsened, progressive_critic
from unchecked import unchecked_calls

SHAPE, WIDTHS = (1, 8, 8), (4, 8)


class Watched(ProgressiveAdversarial):
    """Remembers how it grew, and fails in an epoch."""

    failing: int | None = None

    def on_fit_start(self) -> None:
        self.grown: list[float] = []

    def on_train_epoch_start(self) -> None:
        if self.current_epoch == self.failing:
            raise ArithmeticError

    def on_train_batch_end(self, *_: object) -> None:
        self.grown.append(self.critic.doublings)


def generator(
    shape: tuple[int, int, int] = SHAPE, latent: int = 3, widths: Sequence[int] = WIDTHS
) -> ProgressiveGenerator:
    with seeded(0):
        return ProgressiveGenerator(shape, latent, widths)


def game() -> Watched:
    return Watched(
        generator(),
        progressive_critic(SHAPE, WIDTHS),
        3,
        Schedule(rate=2e-2, warmup=5, momentum=0.0),
        seed=0,
        crop=RandomCrop(8),
    )


def ramps(count: int, side: int = 10) -> Tensor:
    """Images that grow brighter to the right, mirrored or not."""

    ramp = torch.linspace(20, 120, side).expand(count, 1, side, side)

    return ramp.to(torch.uint8).clone()


def play(module: ProgressiveAdversarial, how: Fit) -> nn.Module:
    train = batches(ramps(64), size=16, seed=0)
    held_out = batches(ramps(9, side=8), size=9, seed=None)
    fit(module, train, held_out, replace(how, average=0.9, progress=False))

    return module.model


@pytest.mark.parametrize("maker", ["generator", "critic"])
def test_a_level_is_faded_in_without_a_jump(maker: str) -> None:
    model = generator().double()
    critic = progressive_critic(SHAPE, WIDTHS).double()
    z = torch.randn(2, 3, generator=torch.Generator().manual_seed(1)).double()
    x = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(2)).double()

    def at(doublings: float) -> Tensor:
        model.doublings = critic.doublings = doublings

        if maker == "generator":
            made: Tensor = model(z)

            return coarsened(made, 1.0) if made.shape[2] == 8 else made

        logits: Tensor = critic(coarsened(x, 1 - doublings))

        return logits

    torch.testing.assert_close(at(1e-9), at(0.0), rtol=0, atol=1e-7)
    torch.testing.assert_close(at(1 - 1e-9), at(1.0), rtol=0, atol=1e-7)
    assert (at(0.5) - at(0.0)).abs().max() > 1e-3
    assert (at(0.5) - at(1.0)).abs().max() > 1e-3


def test_images_are_made_row_by_row_and_told_apart_by_their_batch() -> None:
    model = generator().double()
    critic = progressive_critic(SHAPE, WIDTHS).double()
    z = torch.randn(3, 3, generator=torch.Generator().manual_seed(1)).double()
    x = model(z)

    torch.testing.assert_close(model(z[1:2]), x[1:2])
    assert x.min() > 0
    assert x.max() < 1
    assert (critic(x)[1] - critic(x[1:2])[0]).abs() > 1e-3


def test_weights_are_of_unit_variance_and_act_scaled() -> None:
    model = generator((3, 8, 8), 128, (64, 64))
    kernels = [value for value in model.parameters() if value.ndim == 4]
    z = torch.randn(64, 128, generator=torch.Generator().manual_seed(1))
    scaled = model.start[0](z[:, :, None, None])

    assert all(abs(kernel.std().item() - 1) < 0.1 for kernel in kernels)
    assert scaled.std().item() == pytest.approx(2**0.5, rel=0.05)


def test_each_loss_moves_its_own_network_alone() -> None:
    module = game()
    x, made = module.shown(torch.rand(4, 1, 8, 8), torch.Generator())
    critic, generator, steepness = module.losses(x, made)
    judge, maker = list(module.critic.parameters()), list(module.model.parameters())

    for loss, own, other in (
        (critic, judge, maker),
        (steepness, judge, maker),
        (generator, maker, judge),
    ):
        moved = torch.autograd.grad(loss, own, allow_unused=True, retain_graph=True)
        still = torch.autograd.grad(loss, other, allow_unused=True, retain_graph=True)

        assert any(slope is not None for slope in moved)
        assert all(slope is None for slope in still)


def test_the_penalty_is_of_slopes_at_real_and_at_made_images() -> None:
    module, x = game(), torch.rand(4, 1, 8, 8)
    straight = nn.Linear(64, 1)
    module.critic = nn.Sequential(nn.Flatten(), straight)  # type: ignore[assignment]
    made = torch.rand(4, 1, 8, 8, requires_grad=True)
    found = module.losses(x, made)[2]

    torch.testing.assert_close(found, 2 * straight.weight.square().sum())


def assert_same_weights(found: nn.Module, expected: nn.Module) -> None:
    for one, other in zip(found.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_a_resumed_training_grows_and_ends_as_one_that_never_stopped(
    tmp_path: Path,
) -> None:
    whole, failing, how = game(), game(), Fit(tmp_path, 4, precision="full")
    failing.failing = 3

    with pytest.raises(ArithmeticError):
        play(failing, how)

    resumed = play(game(), replace(how, resume=True))
    play(whole, replace(how, folder=None))

    assert whole.grown == sorted(whole.grown)
    assert whole.grown[0] == 0
    assert whole.grown[-1] == 1
    assert any(0 < doublings < 1 for doublings in whole.grown)
    assert_same_weights(resumed, whole.model)


def test_low_precision_elsewhere_changes_no_weight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    how = Fit(None, 2, device="cpu")
    expected = play(game(), replace(how, precision="full"))
    monkeypatch.setattr(
        "diffeo.training.fit.low_precision_dtype", lambda _: torch.bfloat16
    )

    assert_same_weights(play(game(), how), expected)


def test_samples_come_to_be_as_bright_as_the_data_from_left_to_right() -> None:
    with unchecked_calls():
        model = play(game(), Fit(None, 20, precision="full"))

    z = torch.randn(64, 3, generator=torch.Generator().manual_seed(1))
    columns = model(z).detach().mean((0, 1, 2))

    assert (columns - 70 / 255).abs().max() < 0.1


def test_a_generator_is_stored_and_loaded_grown_to_full_size(tmp_path: Path) -> None:
    settings = {"shape": [1, 8, 8], "latent": 3, "widths": [4, 8]}
    recipe = zoo.Recipe("progressive-generator", settings)
    model, file = recipe.build(), tmp_path / "faces.safetensors"
    assert isinstance(model, ProgressiveGenerator)
    model.doublings = 0.5
    zoo.save(model, zoo.Card(recipe, "noise", "a test", "none", {}), file)
    stored = zoo.load(file)

    assert stored(torch.zeros(1, 3)).shape == (1, 1, 8, 8)
