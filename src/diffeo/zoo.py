"""Weights by name: models saved with the recipe that builds them and their figures."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from diffeo.coordinates.zuko import ZukoFlow
from diffeo.models.affine_spline import affine_spline
from diffeo.models.classifiers import cnn
from diffeo.models.flow.recipes import Level, glow, realnvp
from diffeo.models.perceptron import perceptron

__all__ = ["Card", "Recipe", "card", "load", "names", "save"]

FORMAT = "diffeo-model"
KERNEL = 4  # dimensions of a convolution's weight, and the least for 16-bit storage


@dataclass(frozen=True)
class Recipe:
    """How to build a model: the name of a recipe and what to call it with.

    Args:
        name: One of "glow", "realnvp", "cnn", "affine-spline" and "perceptron".
        settings: The recipe's arguments, as JSON holds them.
    """

    name: str
    settings: dict[str, Any]

    def build(self) -> nn.Module:
        """Return the model with its first weights.

        Raises:
            ValueError: If there is no such recipe.
        """

        if self.name not in RECIPES:
            raise ValueError(
                f"recipe must be one of {', '.join(RECIPES)}, got {self.name}"
            )

        return RECIPES[self.name](self.settings)


@dataclass(frozen=True)
class Card:
    """What to know of trained weights.

    Args:
        recipe: How the model is built.
        data: What it was trained on.
        command: What trained it.
        terms: Under which it may be used.
        figures: Measured on the stored weights, by name.
    """

    recipe: Recipe
    data: str
    command: str
    terms: str
    figures: dict[str, float]


def save(model: nn.Module, card: Card, path: Path) -> None:
    """Write weights and card to one safetensors file, and the card beside it to read.

    Kernels of convolutions are stored in 16 bits, all else as it is.
    """

    draft = path.with_name(path.name + ".part")
    tensors = {name: _store(value) for name, value in model.state_dict().items()}
    head = {
        "format": FORMAT,
        "recipe": card.recipe.name,
        "settings": json.dumps(card.recipe.settings),
        "data": card.data,
        "command": card.command,
        "terms": card.terms,
        "figures": json.dumps(card.figures),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, draft, metadata=head)
    draft.replace(path)
    path.with_suffix(".md").write_text(_describe(card, path.stem))


def load(name: str | Path) -> nn.Module:
    """Return a trained model in evaluation mode, its weights frozen.

    Args:
        name: Of weights that come with the package, or a file that `save` wrote.

    Raises:
        FileNotFoundError: If there are no such weights.
        ValueError: If the file holds anything else.
    """

    with resources.as_file(_find(name)) as path:
        facts, tensors = _read(path)

    model = facts.recipe.build()
    state = {
        key: value.to(model.state_dict()[key].dtype) for key, value in tensors.items()
    }
    model.load_state_dict(state)

    return model.eval().requires_grad_(requires_grad=False)


def card(name: str | Path) -> Card:
    """Return what is known of trained weights.

    Args:
        name: Of weights that come with the package, or a file that `save` wrote.

    Raises:
        FileNotFoundError: If there are no such weights.
        ValueError: If the file holds anything else.
    """

    with resources.as_file(_find(name)) as path:
        return _read(path)[0]


def names() -> list[str]:
    """Return the names of the weights that come with the package."""

    files = (resources.files("diffeo") / "weights").iterdir()

    return sorted(
        file.name.removesuffix(".safetensors")
        for file in files
        if file.name.endswith(".safetensors")
    )


def _find(name: str | Path) -> Traversable:
    if str(name) in names():
        return resources.files("diffeo") / "weights" / f"{name}.safetensors"

    if not Path(name).is_file():
        raise FileNotFoundError(
            f"weights must be one of {', '.join(names())} or a file, got {name}"
        )

    return Path(name)


def _read(path: Path) -> tuple[Card, dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            head = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(
            f"weights must be a safetensors file that diffeo wrote, got {path}: {error}"
        ) from None

    if head.get("format") != FORMAT:
        raise ValueError(
            f"weights must be of format {FORMAT}, got {path} of format "
            f"{head.get('format')}"
        )

    recipe = Recipe(head["recipe"], json.loads(head["settings"]))
    figures = json.loads(head["figures"])

    return Card(recipe, head["data"], head["command"], head["terms"], figures), tensors


def _describe(card: Card, name: str) -> str:
    figures = "\n".join(
        f"| {key} | {value:.6g} |" for key, value in card.figures.items()
    )

    return f"""# {name}

- Recipe: `{card.recipe.name}` with `{json.dumps(card.recipe.settings)}`
- Data: {card.data}
- Command: `{card.command}`
- Terms: {card.terms}

Measured on the stored weights:

| figure | value |
| --- | --- |
{figures}
"""


def _store(value: Tensor) -> Tensor:
    kept = value.detach().contiguous()

    return kept.half() if kept.ndim == KERNEL else kept


def _glow(settings: dict[str, Any]) -> nn.Module:
    return glow(**_image_flow(settings))


def _realnvp(settings: dict[str, Any]) -> nn.Module:
    return realnvp(**_image_flow(settings))


def _image_flow(settings: dict[str, Any]) -> dict[str, Any]:
    levels = [Level(**level) for level in settings["levels"]]

    return {**settings, "shape": tuple(settings["shape"]), "levels": levels}


def _cnn(settings: dict[str, Any]) -> nn.Module:
    return cnn(**{**settings, "shape": tuple(settings["shape"])})


RECIPES: dict[str, Callable[[dict[str, Any]], nn.Module]] = {
    "glow": _glow,
    "realnvp": _realnvp,
    "cnn": _cnn,
    "affine-spline": lambda settings: ZukoFlow(affine_spline(**settings)),
    "perceptron": lambda settings: perceptron(**settings),
}
