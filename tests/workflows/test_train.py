import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DistributedSampler

from diffeo import memory, zoo
from diffeo.data.labelled import LabelledImages
from diffeo.models.flow.flow import as_flow
from diffeo.models.flow.recipes import Level
from diffeo.search.run import Backward
from diffeo.workflows.train.classifier import classifier_recipe, train_classifier
from diffeo.workflows.train.flow import flow_recipe, train_flow
from diffeo.workflows.train.module import TrainingOptions
from diffeo.workflows.train.processor import processor_name

TINY_FLOW = zoo.Recipe(
    "glow",
    {
        "shape": [1, 8, 8],
        "levels": [asdict(Level(1, 4)), asdict(Level(1, 4))],
        "bins": 8,
    },
)
TINY_CNN = zoo.Recipe("cnn", {"shape": [1, 8, 8], "classes": 3, "width": 4})

Train = Callable[[TrainingOptions], None]


def noise(seed: int) -> LabelledImages:
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(256, (64, 1, 8, 8), generator=generator)
    labels = torch.randint(3, (64,), generator=generator)

    return LabelledImages(pixels / 255, labels)


def card(recipe: zoo.Recipe) -> zoo.Card:
    return zoo.Card(recipe, "noise", "train", "Apache-2.0", {})


def tiny_flow(options: TrainingOptions) -> None:
    train_flow(noise(0).images, noise(1).images, card(TINY_FLOW), options)


def tiny_classifier(options: TrainingOptions) -> None:
    train_classifier(noise(0), noise(1), card(TINY_CNN), options)


def brief(folder: Path, epochs: int = 1, *, resume: bool = False) -> TrainingOptions:
    return TrainingOptions(
        folder / "tiny.safetensors", epochs, 16, resume=resume, progress=False
    )


@pytest.mark.parametrize("train", [tiny_flow, tiny_classifier])
def test_resumed_from_an_epochs_checkpoint_training_ends_with_the_same_weights(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    parts.mkdir()
    start_epoch = DistributedSampler.set_epoch

    def keep_first_checkpoint(self: DistributedSampler[Any], epoch: int) -> None:
        if epoch == 1 and not (parts / "last.ckpt").exists():
            shutil.copy(whole / "last.ckpt", parts / "last.ckpt")

        start_epoch(self, epoch)

    monkeypatch.setattr(DistributedSampler, "set_epoch", keep_first_checkpoint)
    train(brief(whole, 2))
    once = torch.load(parts / "last.ckpt", weights_only=True)
    train(brief(parts, 2, resume=True))
    one, other = (
        zoo.load(folder / "tiny.safetensors").state_dict() for folder in (whole, parts)
    )

    assert once["epoch"] == 0
    assert one.keys() == other.keys()

    for name, value in one.items():
        assert torch.equal(value, other[name]), name


@pytest.mark.parametrize("train", [tiny_flow, tiny_classifier])
def test_a_training_that_was_over_is_resumed_with_its_weights(
    train: Train, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    train(brief(tmp_path, 2))
    once = zoo.load(tmp_path / "tiny.safetensors").state_dict()
    train(brief(tmp_path, 2, resume=True))
    again = zoo.load(tmp_path / "tiny.safetensors").state_dict()

    assert all(torch.equal(value, again[name]) for name, value in once.items())
    assert not [each for each in recwarn if "not empty" in str(each.message)]


def test_there_must_be_something_to_resume(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"last.ckpt"):
        tiny_classifier(brief(tmp_path / "none", resume=True))


def test_figures_are_measured_on_held_out_images_and_the_seed_is_kept(
    tmp_path: Path,
) -> None:
    options = replace(brief(tmp_path), seed=3)
    tiny_flow(options)
    known = zoo.card(options.weights)
    flow = zoo.load(options.weights)

    typical = as_flow(flow).is_typical(noise(1).images)

    assert typical is not None
    assert typical.float().mean() > 0.9
    assert known.figures.keys() == {"validation_bits_per_dim", "parameters"}
    assert known.recipe.settings["seed"] == 3

    options = brief(tmp_path / "classifier")
    tiny_classifier(options)

    assert 0 <= zoo.card(options.weights).figures["validation_accuracy"] <= 1


def test_the_card_tells_the_processor_and_its_time(tmp_path: Path) -> None:
    options = brief(tmp_path)
    tiny_classifier(options)
    time = zoo.card(options.weights).time
    page = options.weights.with_suffix(".md").read_text(encoding="utf-8")

    assert 0 <= float(time.split(" ")[0]) < 60
    assert time.endswith(f" processor minutes on {processor_name()}")
    assert f"- Time: {time}\n" in page

    tiny_classifier(replace(options, resume=True))

    assert "since it was last resumed" in zoo.card(options.weights).time


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
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda _: free)
    options = replace(brief(tmp_path), backward=wish)
    tiny_flow(options)

    assert zoo.card(options.weights).command.endswith(f" --backward {expected}")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"weights": Path("mine.pt")}, "must be a .safetensors file, got mine.pt"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_training(
    setting: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        replace(brief(tmp_path), **setting)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shape", "levels"), [((1, 28, 28), 2), ((3, 64, 64), 4), ((1, 6, 64), 1)]
)
def test_a_flow_has_as_many_levels_as_fit(
    shape: tuple[int, int, int], levels: int
) -> None:
    assert len(flow_recipe(shape).settings["levels"]) == levels


def test_flows_need_even_sides() -> None:
    with pytest.raises(ValueError, match="must be even, got 27×28"):
        flow_recipe((1, 27, 28))


def test_the_shipped_weights_have_these_recipes() -> None:
    flow, classifier = (zoo.card(f"mnist-{name}").recipe for name in ("flow", "cnn"))
    shape = 1, 28, 28

    assert flow.settings == {**flow_recipe(shape).settings, "seed": 0}
    assert classifier.settings == {**classifier_recipe(shape, 10).settings, "seed": 0}
