"""Models built from a name and settings that JSON can hold."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from diffeo.extras import require
from diffeo.models.classifiers import cnn
from diffeo.models.flow.recipes import Level, glow, realnvp
from diffeo.models.perceptron import perceptron

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """How to build a model: the name of a recipe and its arguments.

    Args:
        name: One of "glow", "realnvp", "cnn", "affine-spline" and "perceptron".
        settings: The recipe's arguments by name, as JSON holds them.

    Example:
        >>> Recipe("perceptron", {"features": 3, "outputs": 1, "hidden": [4]}).build()
        Sequential(
          (0): Linear(in_features=3, out_features=4, bias=True)
          (1): SiLU()
          (2): Linear(in_features=4, out_features=1, bias=True)
        )
    """

    name: str
    settings: dict[str, Any]

    def build(self) -> nn.Module:
        """Return the untrained model.

        Raises:
            ValueError: If there is no such recipe.
            ModuleNotFoundError: If the recipe needs a package that is missing.
        """

        if self.name not in RECIPES:
            raise ValueError(
                f"recipe must be one of {', '.join(RECIPES)}, got {self.name}"
            )

        return RECIPES[self.name](self.settings)


def _glow(settings: dict[str, Any]) -> nn.Module:
    return glow(**_image_flow(settings))


def _realnvp(settings: dict[str, Any]) -> nn.Module:
    return realnvp(**_image_flow(settings))


def _image_flow(settings: dict[str, Any]) -> dict[str, Any]:
    levels = [Level(**level) for level in settings["levels"]]

    return {**settings, "shape": tuple(settings["shape"]), "levels": levels}


def _cnn(settings: dict[str, Any]) -> nn.Module:
    return cnn(**{**settings, "shape": tuple(settings["shape"])})


def _affine_spline(settings: dict[str, Any]) -> nn.Module:
    require("zuko", extra="tables")

    from diffeo.coordinates.zuko import ZukoFlow
    from diffeo.models.affine_spline import affine_spline

    return ZukoFlow(affine_spline(**settings))


def _perceptron(settings: dict[str, Any]) -> nn.Module:
    return perceptron(**settings)


RECIPES: dict[str, Callable[[dict[str, Any]], nn.Module]] = {
    "glow": _glow,
    "realnvp": _realnvp,
    "cnn": _cnn,
    "affine-spline": _affine_spline,
    "perceptron": _perceptron,
}
