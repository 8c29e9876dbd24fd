"""Models built from a name and settings that JSON can hold."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import nn

from diffeo.columns import Column
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.grids import times_towards_data
from diffeo.extras import require
from diffeo.models.classifiers import cnn
from diffeo.models.flow.networks import Convolutions, PlainConvolutions
from diffeo.models.flow.recipes import Level, glow, realnvp
from diffeo.models.locator import Locator
from diffeo.models.perceptron import perceptron
from diffeo.models.progressive import ProgressiveGenerator
from diffeo.models.seeded import seeded
from diffeo.models.strided import encoder, generator
from diffeo.models.unet import UNet
from diffeo.models.vae import VAE
from diffeo.models.velocity import VelocityUNet

if TYPE_CHECKING:
    from diffeo.coordinates.zuko import ZukoFlow

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """How to build a model: the name of a recipe and its arguments.

    Args:
        name: One of "glow", "realnvp", "cnn", "unet", "locator", "flow-matching",
            "vae", "generator", "progressive-generator", "encoder", "affine-spline",
            "table" and "perceptron".
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

        settings = {
            name: FROM_JSON[name](value) if name in FROM_JSON else value
            for name, value in self.settings.items()
        }

        return RECIPES[self.name](**settings)


def _affine_spline(**settings: Any) -> "ZukoFlow":  # noqa: ANN401
    require("zuko", extra="tables")

    from diffeo.coordinates.zuko import ZukoFlow
    from diffeo.models.affine_spline import affine_spline

    return ZukoFlow(affine_spline(**settings))


def _table(
    columns: list[dict[str, Any]],
    given: list[str],
    **settings: Any,  # noqa: ANN401
) -> nn.Module:
    require("zuko", extra="tables")

    from diffeo.coordinates.table import TableFlow

    known = list(map(Column.of, columns))
    features = sum(len(column.features) for column in known)

    return TableFlow(_affine_spline(order=range(features), **settings), known, given)


def _flow_matching(
    shape: tuple[int, int, int],
    widths: list[int],
    *,
    blocks: int = 1,
    steps: int = 8,
    power: float = 2.0,
    tolerance: float = 1e-5,
) -> nn.Module:
    """Return coordinates of images in [0, 1], their steps shorter towards the data.

    Next to the data the field pulls points to them within what time is left, so that a
    last step as long as others would hardly be invertible.
    """

    network = VelocityUNet(shape[0], widths, blocks=blocks)
    times = times_towards_data(steps, power)

    return FlowMatching(
        network, shape, times=times, center=0.5, spread=0.5, tolerance=tolerance
    )


def _seeded(model: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """Return how to build a model with first weights that depend on a seed."""

    def build(*, seed: int = 0, **settings: Any) -> nn.Module:  # noqa: ANN401
        with seeded(seed):
            return model(**settings)

    return build


RECIPES: dict[str, Callable[..., nn.Module]] = {
    "glow": glow,
    "realnvp": realnvp,
    "cnn": cnn,
    "unet": _seeded(UNet),
    "locator": _seeded(Locator),
    "flow-matching": _seeded(_flow_matching),
    "vae": _seeded(VAE),
    "generator": generator,
    "progressive-generator": _seeded(ProgressiveGenerator),
    "encoder": encoder,
    "affine-spline": _affine_spline,
    "table": _table,
    "perceptron": perceptron,
}
FROM_JSON: dict[str, Callable[[Any], object]] = {
    "shape": tuple,
    "levels": lambda levels: [Level(**level) for level in levels],
    "networks": {"plain": PlainConvolutions, "residual": Convolutions}.__getitem__,
}
