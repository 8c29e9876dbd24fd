import copy
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from diffeo import memory, zoo
from diffeo.experiments.training import (
    Training,
    train_digits_cnn,
    train_digits_flow,
)
from diffeo.models.flow.recipes import Level
from diffeo.run import Backward
from diffeo.training.backward import MemoryMode
from diffeo.training.batches import Shuffle, batches
from diffeo.training.likelihood import Likelihood
from diffeo.training.schedule import Schedule
from laws import deep_flow, images

TINY_FLOW = zoo.Recipe(
    "glow",
    {
        "shape": [1, 28, 28],
        "levels": [asdict(Level(1, 4)), asdict(Level(1, 4))],
        "bins": 8,
    },
)
TINY_CNN = zoo.Recipe("cnn", {"shape": [1, 28, 28], "classes": 10, "width": 4})


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """A tiny set in the layout of MNIST, of the right size for its split."""

    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (5064, 28, 28)).astype(np.uint8)
    labels = generator.integers(0, 10, 5064).astype(np.uint8)

    for name, values in (("images-idx3", pixels), ("labels-idx1", labels)):
        sides = b"".join(side.to_bytes(4, "big") for side in values.shape)
        content = bytes((0, 0, 8, values.ndim)) + sides + values.tobytes()
        (tmp_path / f"train-{name}-ubyte").write_bytes(content)

    return tmp_path


def training(
    folder: Path, data: Path, epochs: int, *, resume: bool = False
) -> Training:
    return Training(folder, data, epochs, resume=resume, progress=False)


@pytest.mark.parametrize(
    ("train", "recipe"), [(train_digits_flow, TINY_FLOW), (train_digits_cnn, TINY_CNN)]
)
def test_resumed_from_an_epochs_checkpoint_training_ends_with_the_same_weights(
    train: Callable[..., Path],
    recipe: zoo.Recipe,
    digits: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    parts.mkdir()
    start_epoch = Shuffle.set_epoch

    def keep_first_checkpoint(self: Shuffle, epoch: int) -> None:
        if epoch == 1 and not (parts / "last.ckpt").exists():
            shutil.copy(whole / "last.ckpt", parts / "last.ckpt")

        start_epoch(self, epoch)

    monkeypatch.setattr(Shuffle, "set_epoch", keep_first_checkpoint)
    straight = train(training(whole, digits, 2), recipe=recipe, rows=64, size=16)
    once = torch.load(parts / "last.ckpt", weights_only=True)
    resumed = train(
        training(parts, digits, 2, resume=True), recipe=recipe, rows=64, size=16
    )
    one, other = zoo.load(straight).state_dict(), zoo.load(resumed).state_dict()

    assert once["epoch"] == 0
    assert one.keys() == other.keys()

    for name, value in one.items():
        assert torch.equal(value, other[name]), name


def test_there_must_be_something_to_resume(digits: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"must have left .*last.ckpt"):
        train_digits_cnn(
            training(tmp_path / "none", digits, 1, resume=True),
            recipe=TINY_CNN,
            rows=64,
        )


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    one, other = Shuffle(range(50), 1), Shuffle(range(50), 1)
    list(one)
    first = list(one)
    one.set_epoch(3)
    other.set_epoch(3)

    assert list(one) == list(other) != first
    assert sorted(first) == list(range(50))


def test_batches_without_a_seed_keep_all_rows_in_order() -> None:
    parts = [part[0] for part in batches(torch.arange(7), size=3, seed=None)]

    assert torch.equal(torch.cat(parts), torch.arange(7))


def test_the_rate_rises_stays_and_falls() -> None:
    schedule = Schedule(warmup=10, plateau=0.5)
    factors = [schedule.factor(step, 100) for step in range(101)]

    assert factors[0] == pytest.approx(0.1)
    assert factors[20] == factors[49] == 1
    assert factors[75] == pytest.approx(0.5)
    assert 0 < factors[100] <= 0.01


@pytest.mark.parametrize(
    ("wish", "free", "expected"),
    [
        ("auto", 2**40, "plain"),
        ("auto", 10_000, "reversible"),
        ("plain", 10_000, "plain"),
        ("reversible", 2**40, "reversible"),
    ],
)
def test_a_flow_is_trained_by_the_backward_pass_that_fits_and_its_card_says_so(
    wish: Backward,
    free: int,
    expected: str,
    digits: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda _: free)
    how = replace(training(tmp_path / "out", digits, 1), backward=wish)
    path = train_digits_flow(how, recipe=TINY_FLOW, rows=32, size=16)

    assert zoo.card(path).command.endswith(f" --backward {expected}")


def test_both_backward_passes_train_the_same_flow() -> None:
    flows = [deep_flow(2).requires_grad_(requires_grad=True) for _ in range(2)]
    x = (images(8) * 255).round().to(torch.uint8)
    before = copy.deepcopy(flows[0])

    for flow, mode in zip(flows, get_args(MemoryMode), strict=True):
        module = Likelihood(flow, Schedule(), seed=0, mode=mode)
        module.log = lambda *_, **__: None  # type: ignore[method-assign]
        optimizer = torch.optim.SGD(flow.parameters(), 0.01)

        for step in range(3):
            optimizer.zero_grad()
            module.training_step([x], step).backward()
            optimizer.step()

    one, other = (dict(flow.named_parameters()) for flow in flows)

    assert one.keys() == other.keys()

    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=1e-4, atol=1e-6)

    assert not torch.equal(next(before.parameters()), next(flows[0].parameters()))
