"""What tests of whole runs share."""

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import cast

import pytest
import torch
from torch import nn

from coarse import draw_few_pixels, lay_out_pictures_only
from diffeo import zoo
from diffeo.data import mnist
from diffeo.data.chexpert import chexpert
from diffeo.data.mall import mall
from diffeo.data.mnist import sample_digits
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.dequantization import dequantize
from diffeo.models.flow.flow import as_flow
from diffeo.models.flow.recipes import Level
from diffeo.models.locator import Locator
from reproduction.domain import WEIGHTS
from unchecked import unchecked, unchecked_calls

__all__ = ["unchecked"]

COLOR, GRAY = (3, 64, 64), (1, 128, 128)
FLOWS = {"celeba-flow": COLOR, "chest-flow": GRAY, "mall-flow": COLOR}


@pytest.fixture(autouse=True)
def few_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write figures with few pixels; no other test places their parts but a page's."""

    draw_few_pixels(monkeypatch)
    lay_out_pictures_only(monkeypatch)


@pytest.fixture(autouse=True)
def few_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Insert changed pixels in few parts; in how many says nothing of an experiment."""

    monkeypatch.setattr("diffeo.evaluation.metrics.cout.STEPS", 5)


@pytest.fixture(scope="session")
def judges_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder where each judge is kept for all experiments with the same data."""

    folder = tmp_path_factory.mktemp("judges")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIFFEO_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module", autouse=True)
def own_records(judges_once: Path) -> Iterator[None]:
    """Keep no record for other modules, whose flows of digits may be others."""

    yield
    shutil.rmtree(judges_once / "records", ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def digits_once() -> Iterator[None]:
    """Unpack the digits of each file once for all experiments, which change none."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mnist, "_read", cache(mnist._read))
        yield


@pytest.fixture
def small_models(small_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let experiments find small models, hardly fitted, beside the weights of faces."""

    monkeypatch.setattr("reproduction.domain.WEIGHTS", small_weights)


@pytest.fixture(scope="session")
def small_weights(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of weights: flows map noise, the others answer real data in all ways."""

    folder = tmp_path_factory.mktemp("small") / "weights"
    shutil.copytree(WEIGHTS, folder)

    with unchecked_calls():
        _keep_small_models(data, folder)

    return folder


def _keep_small_models(data: Path, folder: Path) -> None:
    def keep(model: nn.Module, recipe: zoo.Recipe, name: str) -> None:
        card = zoo.Card(recipe, "noise", "none", "none", {})
        zoo.save(model, card, folder / f"{name}.safetensors")

    for name, shape in FLOWS.items():
        levels = [asdict(Level(1, 8)) for _ in range(4)]
        recipe = zoo.Recipe("glow", {"shape": list(shape), "levels": levels, "bins": 8})
        flow = as_flow(recipe.build())
        noise = torch.rand(4, *shape, generator=torch.Generator().manual_seed(0))
        initialize(flow, noise)
        keep(flow, recipe, name)

    with torch.no_grad():
        field = {"shape": list(COLOR), "widths": [8, 8], "steps": 2}
        recipe = zoo.Recipe("flow-matching", field)
        place = recipe.build()
        *_, weight, _ = place.parameters()  # of the last layer, zero at first
        weight.normal_(0, 0.01, generator=torch.Generator().manual_seed(0))
        keep(place, recipe, "celeba-flow-matching")
        keep(place, recipe, "celeba-flow-matching-fast")

        settings = {"shape": [3, 40, 40], "latent": 4, "widths": [8]}
        recipe = zoo.Recipe("encoder", settings)
        keep(recipe.build(), recipe, "celeba-identity")

        recipe = zoo.Recipe("cnn", {"shape": list(GRAY), "classes": 2, "width": 4})
        classifier = recipe.build().eval()
        xrays = chexpert("validation", data, limit=20).labelled().images
        *_, last = classifier.children()
        last.get_parameter("weight").mul_(100)
        gap = classifier(xrays).diff(dim=1).median()
        last.get_parameter("bias")[1] -= gap
        keep(classifier, recipe, "chest-cnn")

        recipe = zoo.Recipe("unet", {"channels": 1, "outputs": 3, "width": 4})
        keep(recipe.build(), recipe, "chest-unet")

        patches = mall("test", data, limit=10).labelled().images

        for seed, name in enumerate(("mall-unet", "mall-oracle")):
            settings = {"channels": 3, "width": 4, "seed": seed}
            recipe = zoo.Recipe("locator", settings)
            counter = cast("Locator", recipe.build())
            values = counter(patches).expm1().log()
            scale = 4 / values.std()
            counter.last.weight *= scale
            counter.last.bias.sub_(values.median() * 1.0).mul_(scale).add_(5)
            keep(counter, recipe, name)


@pytest.fixture(scope="module")
def small_digits() -> Iterator[None]:
    """Let experiments find a small flow of digits, hardly fitted."""

    levels = [asdict(Level(1, 8)) for _ in range(2)]
    settings = {"shape": [1, 28, 28], "levels": levels, "bins": 8}
    flow = as_flow(zoo.Recipe("glow", settings).build())
    generator = torch.Generator().manual_seed(0)
    initialize(flow, dequantize(sample_digits().images[:100], generator=generator))
    flow.eval().requires_grad_(requires_grad=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reproduction.mnist.setup.digits_flow", lambda: flow)
        yield
