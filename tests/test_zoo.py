from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from diffeo import zoo
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


@pytest.mark.parametrize("name", zoo.names())
def test_shipped_weights_load_and_have_a_card(name: str) -> None:
    model, card = zoo.load(name), zoo.card(name)

    assert not model.training
    assert card.data
    assert card.command.startswith("diffeo ")
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
