import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from diffeo.training.batches import batches, to_images
from diffeo.training.callbacks import Averaging
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule
from diffeo.training.supervised import Supervised

FAST = Schedule(rate=0.05, warmup=1)


def module(classes: int = 2) -> Supervised:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, classes))

    return Supervised(model, FAST, seed=0)


def data(rows: int = 32) -> tuple[Tensor, Tensor]:
    """Dark images of class 0 and bright ones of class 1, as bytes."""

    labels = torch.arange(rows) % 2
    levels = 60 + 120 * labels[:, None, None, None]

    return levels.expand(-1, 1, 4, 4).to(torch.uint8), labels


def train(how: Fit, trained: Supervised | None = None) -> Supervised:
    trained = trained or module()
    pixels = data()
    fit(
        trained,
        batches(*pixels, size=8, seed=0),
        batches(*pixels, size=32, seed=None),
        how,
    )

    return trained


def loss(trained: Supervised) -> float:
    pixels, labels = data()

    with torch.no_grad():
        logits = trained.model(to_images(pixels))

    return float(nn.functional.cross_entropy(logits, labels))


def test_averaging_loses_nothing_of_a_short_training() -> None:
    """The average used to keep most of the first weights for a thousand steps."""

    plain = loss(train(Fit(None, 10, average=0.0, progress=False, precision="full")))
    usual = loss(train(Fit(None, 10, progress=False, precision="full")))
    untrained = loss(module())

    assert plain < untrained / 2
    assert usual < plain + 0.1 * (untrained - plain)


def test_the_average_is_the_usual_one_after_many_steps() -> None:
    average = Averaging(0.9)._kwargs["multi_avg_fn"]
    new = torch.tensor([2.0])

    for steps, expected in ((1, 2 - 2 / 11), (10_000, 1.1)):
        old = torch.tensor([1.0])
        average([old], [new], torch.tensor(steps))

        assert old.item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0, 0.9), "epochs must be at least 1, got 0"),
        ((-1, 0.9), "epochs must be at least 1, got -1"),
        ((1, 1.0), r"average must be in \[0, 1\), got 1.0"),
    ],
)
def test_settings_that_train_nothing_are_refused(
    settings: tuple[int, float], message: str
) -> None:
    epochs, average = settings

    with pytest.raises(ValueError, match=message):
        Fit(None, epochs, average=average)


class Worsening(Supervised):
    """Says on validation that its second epoch was best."""

    def __init__(self) -> None:
        super().__init__(module().model, FAST, seed=0)
        self.seen: list[Tensor] = []

    def validation_step(self, batch: list[Tensor], index: int) -> None:  # noqa: ARG002
        self.seen.append(weight(self))
        self.log("val_loss", float(abs(self.current_epoch - 1)))


def weight(trained: Supervised) -> Tensor:
    return trained.model.get_parameter("1.weight").detach().clone()


BEST = Fit(None, 4, figure="val_loss", progress=False)


def test_the_weights_of_the_best_epoch_are_kept(tmp_path: Path) -> None:
    first, again = Worsening(), Worsening()
    train(replace(BEST, folder=tmp_path), first)
    train(replace(BEST, folder=tmp_path, resume=True), again)

    assert not torch.equal(first.seen[1], first.seen[3])
    assert torch.equal(weight(first), first.seen[1])
    assert torch.equal(weight(again), first.seen[1])


def test_a_resumed_training_remembers_its_best_epoch(tmp_path: Path) -> None:
    first, then = Worsening(), Worsening()
    train(replace(BEST, folder=tmp_path, epochs=2), first)
    train(replace(BEST, folder=tmp_path, resume=True), then)

    assert torch.equal(weight(then), first.seen[1])


def test_a_training_ends_early_where_nothing_gets_better(tmp_path: Path) -> None:
    patient = replace(BEST, folder=tmp_path, epochs=9, patience=2)
    first, again, longer = Worsening(), Worsening(), Worsening()
    train(patient, first)
    train(replace(patient, resume=True), again)
    train(replace(patient, resume=True, patience=4), longer)

    assert len(first.seen) == 4
    assert len(again.seen) == 0
    assert len(longer.seen) == 2

    for trained in (first, again, longer):
        assert torch.equal(weight(trained), first.seen[1])


@pytest.mark.parametrize(("patience", "figure"), [(0, "val_loss"), (2, None)])
def test_an_early_end_needs_a_figure_and_an_epoch(
    patience: int, figure: str | None
) -> None:
    with pytest.raises(ValueError, match="patience must be at least 1, with a figure"):
        Fit(None, 4, figure=figure, patience=patience)


def nothing(last: Path) -> None:
    last.parent.mkdir()


def foreign(last: Path) -> None:
    last.parent.mkdir()
    last.write_bytes(b"no checkpoint at all")


def short(last: Path) -> None:
    train(Fit(last.parent, 1, progress=False))
    last.write_bytes(last.read_bytes()[:-100])


def empty(last: Path) -> None:
    last.parent.mkdir()
    torch.save({}, last)


def of_another_model(last: Path) -> None:
    train(Fit(last.parent, 1, progress=False), module(classes=3))


@pytest.mark.parametrize(
    ("leave", "error", "message"),
    [
        (nothing, FileNotFoundError, r"must have left .*last.ckpt, got none"),
        (foreign, ValueError, r"must be whole, got .*last.ckpt, which cannot be read"),
        (short, ValueError, r"must be whole, got .*last.ckpt, which cannot be read"),
        (empty, ValueError, r"must be whole, got .*last.ckpt, which cannot be read"),
        (
            of_another_model,
            ValueError,
            r"of the same model, got .*last.ckpt of another",
        ),
    ],
)
def test_a_training_resumes_from_its_own_whole_checkpoint_only(
    leave: Callable[[Path], None],
    error: type[Exception],
    message: str,
    tmp_path: Path,
) -> None:
    last = tmp_path / "run" / "last.ckpt"
    leave(last)
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}

    with pytest.raises(error, match=message):
        train(Fit(last.parent, 2, resume=True, progress=False))

    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == before


class Interrupting(Supervised):
    """Is interrupted, as by Ctrl-C, at the beginning of an epoch."""

    epoch = 0

    def on_train_epoch_start(self) -> None:
        if self.current_epoch == self.epoch:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(
    ("epoch", "kept"), [(0, "none kept"), (1, "last.ckpt keeps its whole epochs")]
)
def test_an_interrupted_training_says_what_is_kept(
    epoch: int, kept: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = signal.getsignal(signal.SIGINT)
    stopped = Interrupting(module().model, FAST, seed=0)
    stopped.epoch = epoch

    with pytest.raises(KeyboardInterrupt):
        train(Fit(tmp_path / "run", 3, progress=False), stopped)

    assert kept in capsys.readouterr().err.replace("\n", " ")
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_bar_shows_steps_and_figures(capsys: pytest.CaptureFixture[str]) -> None:
    train(Fit(None, 3, progress=True))
    shown = capsys.readouterr().err

    assert "Training" in shown
    assert "12/12" in shown
    assert "val_accuracy" in shown


def test_floats_are_trained_on_as_they_are() -> None:
    pixels, labels = data()
    steps = [module() for _ in range(2)]
    losses = []

    for step, images in zip(steps, (pixels, pixels.float() / 255), strict=True):
        step.log = lambda *_, **__: None  # type: ignore[method-assign]
        losses.append(step.training_step([images, labels], 0).item())

    assert losses[0] == losses[1]


def test_a_picture_is_drawn_of_the_averages_of_each_epoch(tmp_path: Path) -> None:
    drawn: list[Tensor] = []

    def draw(model: nn.Module, path: Path) -> None:
        drawn.append(next(model.parameters()).detach().clone())
        path.write_text(f"epoch {len(drawn)}")

    trained = train(Fit(tmp_path, 2, average=0.5, progress=False, draw=draw))

    assert (tmp_path / "samples.png").read_text() == "epoch 2"
    assert not torch.equal(*drawn)
    assert torch.equal(drawn[1], next(trained.model.parameters()))
