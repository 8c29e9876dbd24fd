"""Classifiers of digits that differ from the shipped one in how they were trained."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.cache import Cache
from diffeo.models.classifiers import cnn
from diffeo.models.seeded import seeded
from diffeo.shapes import Images
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule
from diffeo.training.supervised import Supervised

__all__ = ["OTHERS", "SEEDS", "SMOOTH", "other_classifiers", "trained_classifiers"]

OTHERS = "augmented", "lenet"
SEEDS = "seed_1", "seed_2", "seed_3"
SMOOTH = "silu"
SHAPE, CLASSES, WIDTH = (1, 28, 28), 10, 16
BATCH = 128
VERSION = 1  # of all that decides the weights besides a recipe


@dataclass(frozen=True)
class Recipe:
    """A network and its training, which for all else is that of the shipped one.

    Networks of its kind are half as wide, so that all are trained in minutes.

    Args:
        build: From a seed to the network with its first weights.
        epochs: Passes over the training digits, of which the shipped one had five.
        seed: Seed of the first weights, of the order of digits, and of all draws.
    """

    build: Callable[[int], nn.Module]
    epochs: int = 2
    seed: int = 0


def other_classifiers(
    train: LabelledImages, *, quick: bool = False
) -> dict[str, nn.Module]:
    """Return two classifiers that differ in training from the shipped one, by name.

    "augmented" is the shipped network at half its width, trained on distorted digits;
    "lenet" is LeNet-5.

    Args:
        train: Training digits.
        quick: Whether to hardly train them.
    """

    return trained_classifiers(OTHERS, train, quick=quick)


def trained_classifiers(
    names: Iterable[str], train: LabelledImages, *, quick: bool = False
) -> dict[str, nn.Module]:
    """Return classifiers, trained or from the cache, by name.

    Besides those of `other_classifiers`, the names in SEEDS mean the shipped network at
    half its width with three seeds, and that in SMOOTH the same with smooth
    activations, as it had them at first; these four see each digit twice.

    Args:
        names: Names in OTHERS, SEEDS or SMOOTH.
        train: Training digits.
        quick: Whether to hardly train them.
    """

    return {name: _trained(name, train, quick=quick) for name in names}


def _trained(name: str, train: LabelledImages, *, quick: bool) -> nn.Module:
    recipe, tensors = RECIPES[name], (train.pixels, train.labels)
    epochs, seed = 1 if quick else recipe.epochs, recipe.seed

    def learn(model: nn.Module) -> None:
        module = Supervised(model, Schedule(decay=0.05), seed=seed)
        loader = batches(*tensors, size=BATCH, seed=seed)
        fit(module, loader, None, Fit(None, epochs, progress=False))

    return Cache.usual().trained(
        recipe.build(seed),
        learn,
        data=tensors,
        settings={"name": name, "version": VERSION, "epochs": epochs, "seed": seed},
    )


class Distortion(nn.Module):
    """Turn, scale, move and blemish images while a model trains; then do nothing.

    Args:
        turn: Greatest angle, in degrees.
        scale: Greatest relative change of the size.
        shift: Greatest shift, down or up and to either side, as a share of the image.
        noise: Greatest standard deviation of the normal noise of an image.
    """

    def __init__(
        self,
        turn: float = 20.0,
        scale: float = 0.2,
        shift: float = 0.1,
        noise: float = 0.3,
    ) -> None:
        super().__init__()
        self.turn = math.radians(turn)
        self.scale = scale
        self.shift = shift
        self.noise = noise

    def forward(self, x: Images) -> Images:
        """Distort each image by draws of its own."""

        if not self.training:
            return x

        angle, scale, right, down, noise = torch.rand(5, len(x), device=x.device)
        angle, scale = self.turn * (2 * angle - 1), 1 + self.scale * (2 * scale - 1)
        right, down = (2 * self.shift * (2 * each - 1) for each in (right, down))
        cos, sin = scale * angle.cos(), scale * angle.sin()
        rows = torch.stack((cos, -sin, right, sin, cos, down), dim=1)
        grid = functional.affine_grid(
            rows.reshape(-1, 2, 3), list(x.shape), align_corners=False
        )
        moved = functional.grid_sample(x, grid, align_corners=False)
        blemish = self.noise * noise[:, None, None, None] * torch.randn_like(x)
        found: Images = (moved + blemish).clamp(0, 1)

        return found


def _plain(seed: int) -> nn.Module:
    return cnn(SHAPE, CLASSES, width=WIDTH, seed=seed)


def _augmented(seed: int) -> nn.Module:
    return nn.Sequential(Distortion(), _plain(seed))


def _smooth(seed: int) -> nn.Module:
    layers = _plain(seed).children()

    return nn.Sequential(
        *(nn.SiLU() if isinstance(layer, nn.ReLU) else layer for layer in layers)
    )


def _lenet(seed: int) -> nn.Module:
    """Return LeNet-5.

    Source: LeCun, Bottou, Bengio and Haffner, 1998, Gradient-based learning applied to
    document recognition, Section II-B; plain means for its trained subsampling, and a
    linear layer in place of its radial units.
    """

    with seeded(seed):
        return nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(16, 120, 5),
            nn.Tanh(),
            nn.Flatten(),
            nn.Linear(120, 84),
            nn.Tanh(),
            nn.Linear(84, CLASSES),
        )


RECIPES = {
    "augmented": Recipe(_augmented, epochs=3),
    "lenet": Recipe(_lenet, epochs=10),
    **{name: Recipe(_plain, seed=seed) for seed, name in enumerate(SEEDS, 1)},
    SMOOTH: Recipe(_smooth),
}
