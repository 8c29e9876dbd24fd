"""What tests of whole runs share."""

import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from diffeo import zoo
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.flow import as_flow
from diffeo.models.flow.recipes import Level
from reproduction.domain import WEIGHTS
from unchecked import unchecked

__all__ = ["unchecked"]

FLOWS = {
    "celeba-flow": (3, 64, 64),
    "chest-flow": (1, 128, 128),
    "mall-flow": (3, 64, 64),
}


@pytest.fixture
def small_flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let experiments find flows of noise, which are fast, beside the other weights."""

    folder = tmp_path / "weights"
    shutil.copytree(WEIGHTS, folder)
    monkeypatch.setattr("reproduction.domain.WEIGHTS", folder)

    for name, shape in FLOWS.items():
        levels = [asdict(Level(1, 8)) for _ in range(4)]
        recipe = zoo.Recipe("glow", {"shape": list(shape), "levels": levels, "bins": 8})
        flow = as_flow(recipe.build())
        initialize(
            flow, torch.rand(4, *shape, generator=torch.Generator().manual_seed(0))
        )
        card = zoo.Card(recipe, "noise", "none", "none", {})
        zoo.save(flow, card, folder / f"{name}.safetensors")

    return folder
