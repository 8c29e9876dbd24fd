import json
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from diffeo import zoo
from diffeo.extras import require
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.dequantization import dequantize
from laws import images

CARD = zoo.Card(
    recipe=zoo.Recipe(
        "realnvp",
        {"shape": [1, 4, 4], "levels": [{"steps": 1, "width": 4}], "bins": 4},
    ),
    data="noise",
    command="none",
    terms="none",
    figures={"bits": 1.5},
)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """The file of a tiny flow that has seen data."""

    model, x = CARD.recipe.build(), images(40).float()
    initialize(model, dequantize(x, generator=torch.Generator().manual_seed(0)))
    zoo.save(model, CARD, tmp_path / "weights.safetensors")

    return tmp_path / "weights.safetensors"


def test_weights_saved_and_loaded_give_the_same_outputs(tmp_path: Path) -> None:
    model, x = CARD.recipe.build(), images(40).float()
    initialize(model, dequantize(x, generator=torch.Generator().manual_seed(0)))
    zoo.save(model, CARD, tmp_path / "tiny.safetensors")
    once = zoo.load(tmp_path / "tiny.safetensors")
    zoo.save(once, CARD, tmp_path / "again.safetensors")
    twice = zoo.load(tmp_path / "again.safetensors")

    assert torch.equal(once(x), twice(x))
    torch.testing.assert_close(once(x), model(x), rtol=1e-3, atol=1e-2)
    assert not once.training
    assert not any(value.requires_grad for value in once.parameters())
    assert zoo.card(tmp_path / "tiny.safetensors") == CARD
    assert "| bits | 1.5 |" in (tmp_path / "tiny.md").read_text()


@pytest.mark.parametrize("name", zoo.names())
def test_the_page_of_shipped_weights_is_their_card(name: str) -> None:
    page = resources.files("diffeo.weights").joinpath(f"{name}.md")

    assert page.read_text(encoding="utf-8") == zoo.card(name).markdown(name)


def test_unknown_weights_and_recipes_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"mnist-cnn.* or a file, got none"):
        zoo.load("none")

    with pytest.raises(ValueError, match=r"recipe must be one of glow, .* got none"):
        replace(CARD.recipe, name="none").build()

    text, foreign = tmp_path / "text", tmp_path / "foreign"
    text.write_text("no weights")
    save_file({"x": torch.zeros(1)}, foreign)

    with pytest.raises(ValueError, match="must be a safetensors file"):
        zoo.load(text)

    with pytest.raises(ValueError, match="must be of format diffeo-model"):
        zoo.load(foreign)


Tensors = dict[str, Tensor]
Metadata = dict[str, str]
SHIFT = "bijection.parts.3.parts.0.shift"  # of the first activation normalization


def read(path: Path) -> tuple[Tensors, Metadata]:
    with safe_open(path, framework="pt") as file:
        names = list(file.keys())

        return {name: file.get_tensor(name) for name in names}, file.metadata()


def settings(**changed: object) -> Callable[[Tensors, Metadata], object]:
    def change(_: Tensors, metadata: Metadata) -> None:
        merged = json.loads(metadata["settings"]) | changed
        metadata["settings"] = json.dumps(merged)

    return change


def entry(name: str, text: str | None) -> Callable[[Tensors, Metadata], object]:
    def change(_: Tensors, metadata: Metadata) -> None:
        metadata.pop(name)

        if text is not None:
            metadata[name] = text

    return change


def tensor(
    name: str, change: Callable[[Tensor], Tensor]
) -> Callable[[Tensors, Metadata], object]:
    def apply(tensors: Tensors, _: Metadata) -> None:
        tensors[name] = change(tensors[name])

    return apply


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (entry("recipe", None), "metadata must have recipe, got none"),
        (entry("settings", None), "metadata must have settings, got none"),
        (entry("figures", None), "metadata must have figures, got none"),
        (entry("terms", None), "metadata must have terms, got none"),
        (entry("version", "2"), "format diffeo-model version 1, got .* version 2"),
        (entry("format", "other"), "format diffeo-model version 1, got other"),
        (entry("recipe", "zzz"), "recipe must be one of glow, .* got zzz"),
        (entry("recipe", "cnn"), "recipe cnn must build with its settings"),
        (entry("settings", "{"), "settings must be JSON"),
        (entry("settings", "[" * 9999), "settings must be JSON"),
        (entry("settings", "[1]"), "settings must be a JSON object"),
        (entry("settings", "null"), "settings must be a JSON object, got null"),
        (
            entry("settings", "{}"),
            "with its settings .* TypeError: .*missing .* 'shape'",
        ),
        (entry("figures", "[1]"), "figures must be a JSON object"),
        (entry("figures", '{"bits": "many"}'), "figures must be numbers"),
        (settings(zzz=1), "TypeError: .* unexpected keyword argument 'zzz'"),
        (settings(shape=[1, 5, 5]), "shape must have sides divisible by 2"),
        (settings(shape=None), "must build with its settings .* TypeError"),
        (settings(levels=[{"steps": 1, "width": 5}]), "must be of shape .* got"),
        (
            settings(levels=[{"steps": 2, "width": 4}]),
            "tensors must be the recipe's",
        ),
        (settings(levels=[{"steps": 1, "width": 300_000}]), "of the weights' size"),
        (settings(levels=[{"steps": 10**9, "width": 4}]), "of the weights' size"),
        (settings(levels=[{"steps": 1, "width": -4}]), "must build with its settings"),
        (settings(levels=[{"steps": 1, "width": "4"}]), "must build with its settings"),
        (settings(bins=10**18), "must build with its settings"),
        (settings(bins=5), "must be of shape .* got"),
        (lambda tensors, _: tensors.clear(), r"got \[\] too many and \['bijection"),
        (lambda tensors, _: tensors.pop(SHIFT), "parts.0.shift'] missing"),
        (lambda tensors, _: tensors.update(z=torch.ones(1)), r"got \['z'\] too many"),
        (tensor(SHIFT, lambda x: x[None]), "shift must be of shape"),
        (
            tensor(SHIFT, lambda x: x.long()),
            "must be of torch.float32, got torch.int64",
        ),
        (tensor(SHIFT, lambda x: x * torch.nan), "shift must be numbers, got NaN"),
        (tensor(SHIFT, lambda x: x + torch.inf), "shift must be finite, got infinity"),
        (tensor("typical", lambda x: x * 0), "typical must be numbers, got NaN"),
        (
            tensor("bijection.parts.2.initialized", lambda x: x & False),
            "initialized must be true in trained weights",
        ),
    ],
)
def test_a_changed_file_is_refused_in_a_sentence(
    change: Callable[[Tensors, Metadata], Any], message: str, weights: Path
) -> None:
    tensors, metadata = read(weights)
    change(tensors, metadata)
    save_file(tensors, weights, metadata=metadata)

    with pytest.raises(ValueError, match=message) as caught:
        zoo.load(weights)

    assert str(caught.value).startswith("weights must be a safetensors file that dif")
    assert str(weights) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_from_before_versions_are_of_the_first(weights: Path) -> None:
    tensors, metadata = read(weights)
    assert metadata.pop("version") == "1"
    save_file(tensors, weights, metadata=metadata)

    assert zoo.card(str(weights)) == CARD


def test_weights_are_put_where_they_are_wanted(weights: Path) -> None:
    model = zoo.load(str(weights), device="meta")

    assert all(value.is_meta for value in model.state_dict().values())


def test_others_may_read_saved_weights_and_nothing_else_is_left(weights: Path) -> None:
    files = sorted(weights.parent.iterdir())

    assert [file.name for file in files] == ["weights.md", "weights.safetensors"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o644}


def test_saving_replaces_weights_and_cards_only(weights: Path) -> None:
    model = zoo.load(weights)
    zoo.save(model, replace(CARD, data="other noise"), weights)
    assert zoo.card(weights).data == "other noise"
    assert "other noise" in weights.with_suffix(".md").read_text()

    notes = weights.with_name("README.md")
    notes.write_text("# README\n\nMy notes.")

    with pytest.raises(
        FileExistsError, match=r"README.md, which exists and is no card"
    ):
        zoo.save(model, CARD, notes.with_suffix(".safetensors"))

    with pytest.raises(ValueError, match=r"must be saved as a .safetensors file"):
        zoo.save(model, CARD, notes)

    assert notes.read_text() == "# README\n\nMy notes."
    assert not notes.with_suffix(".safetensors").exists()


def test_a_missing_package_is_told_with_its_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "diffeo.zoo.recipes.require", lambda *_, **to: require("no_such", **to)
    )

    with pytest.raises(ModuleNotFoundError, match=r"pip install 'diffeo\[tables\]'"):
        zoo.load("helix-flow")


@pytest.mark.parametrize("name", zoo.names())
def test_shipped_weights_load_and_have_a_card(name: str) -> None:
    model, card = zoo.load(name), zoo.card(name)

    assert not model.training
    assert card.data
    assert card.command.startswith("python -m reproduction train ")
    assert card.terms
    assert card.figures


def test_shipped_files_are_small() -> None:
    package = resources.files("diffeo")
    folders = (package / "weights", package / "data" / "digits")
    sizes = [
        len(file.read_bytes())
        for folder in folders
        for file in folder.iterdir()
        if file.is_file()
    ]

    assert sum(sizes) <= 12_000_000


@pytest.mark.parametrize(
    "recipe",
    [
        zoo.Recipe("unet", {"channels": 1, "outputs": 2, "width": 4, "depth": 1}),
        zoo.Recipe("locator", {"channels": 3, "width": 4, "depth": 2}),
    ],
)
def test_networks_of_maps_are_stored_and_built_again(
    recipe: zoo.Recipe, tmp_path: Path
) -> None:
    model, path = recipe.build().eval(), tmp_path / "model.safetensors"
    zoo.save(model, zoo.Card(recipe, "none", "none", "none", {}), path)
    x = torch.rand(2, recipe.settings["channels"], 8, 8)

    assert torch.allclose(zoo.load(path)(x), model(x), atol=1e-2)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("unet", {"channels": 1, "outputs": 1, "width": 4, "depth": 1}),
        ("flow-matching", {"shape": [1, 4, 4], "widths": [8]}),
    ],
)
def test_the_seed_decides_the_first_weights(
    name: str, settings: dict[str, Any]
) -> None:
    usual, first, same, other = (
        next(zoo.Recipe(name, {**settings, **seed}).build().parameters())
        for seed in ({}, {"seed": 0}, {"seed": 3}, {"seed": 3})
    )

    assert torch.equal(usual, first)
    assert torch.equal(same, other)
    assert not torch.equal(first, same)
