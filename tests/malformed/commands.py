"""Commands that work, and the files that they take."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import nn

from command_line import flags
from diffeo import zoo
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.table import as_table_flow
from diffeo.data.features import columns_of, features_of
from diffeo.data.table import read_table
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.dequantization import dequantize
from diffeo.objectives import TargetClass
from diffeo.search import Run, search
from malformed.folders import labelled
from malformed.tables import table

__all__ = ["COMMANDS", "SIDE", "words", "write_files"]

ROWS, SIDE = 12, 4
MODELS = """
import torch

class Answers(torch.nn.Module):
    def __init__(self, features):
        super().__init__()
        torch.default_generator.manual_seed(0)  # of no other device
        self.layers = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(features, 3)
        )
        self.eval()

    def forward(self, x):
        return self.layers(x)

def of_images(): return Answers(16)
def of_rows(): return Answers(5)
"""
AUDIT = {
    "format": "diffeo-audit",
    "version": 1,
    "data": {"name": "images.npy", "images": ROWS, "digest": "0123"},
    "model": "model.py:load",
    "coordinates": "data",
    "confidence": 0.99,
    "answers": [0, 1, 2],
    "directions": [
        {
            "from": "0",
            "to": "1",
            "rows": 2,
            "reached": 1,
            "distance": {"median": 1.0, "low": 0.5, "high": 1.5},
            "regions": {"left": {"change": 0.5, "area": 0.5}},
            "map": [[0.1, 0.2], [0.3, 0.4]],
        }
    ],
}
ARGUMENTS = {"fit": "data", "train": "data", "report": "record", "evaluate": "record"}
COMMANDS: dict[str, Callable[[Path], dict[str, object]]] = {
    "explain": lambda files: {
        "data": files / "images.npy",
        "model": f"{files}/models.py:of_images",
        "coordinates": "data",
        "target": 1,
        "steps": 2,
    },
    "explain a table": lambda files: {
        "data": files / "rows.csv",
        "model": f"{files}/models.py:of_rows",
        "coordinates": files / "rows.safetensors",
        "target": 1,
        "steps": 2,
    },
    "check": lambda files: {"data": files / "images.npy", "coordinates": "data"},
    "spectrum": lambda files: {
        "data": files / "images.npy",
        "coordinates": "data",
        "limit": 1,
    },
    "audit": lambda files: {
        "data": files / "images.npy",
        "model": f"{files}/models.py:of_images",
        "coordinates": "data",
        "steps": 2,
        "sample": 1,
    },
    "evaluate": lambda files: {
        "record": files / "record.safetensors",
        "data": files / "classes",
        "model": f"{files}/models.py:of_images",
        "coordinates": "data",
        "crop": SIDE,
        "quick": True,
    },
    "report": lambda files: {
        "record": files / "record.safetensors",
        "coordinates": "data",
    },
    "fit": lambda files: {"data": files / "images.npy", "epochs": 1},
    "fit a table": lambda files: {"data": files / "rows.csv", "epochs": 1},
    "train": lambda files: {"data": files / "classes", "epochs": 1},
    "demo": lambda _: {},
}


def words(command: str, options: dict[str, object]) -> list[str]:
    """Return the words of a command; more than one word tells it from others."""

    name = command.split()[0]
    argument = options.get(ARGUMENTS.get(name, ""))
    rest = {key: value for key, value in options.items() if value is not argument}
    quiet = {} if name == "report" else {"quiet": True}
    first = [] if argument is None else [str(argument)]

    return [name, *flags(**rest, **quiet), *(("--", *first) if first else ())]


def write_files(folder: Path) -> None:
    """Write all files that commands take."""

    random, generator = Random(0), torch.Generator().manual_seed(0)
    x = torch.rand(ROWS, 1, SIDE, SIDE, generator=generator)
    np.save(folder / "images.npy", x.numpy())
    labelled(random, folder / "classes", rows=ROWS)
    lines = map(",".join, table(random, rows=30))
    (folder / "rows.csv").write_text("".join(f"{line}\n" for line in lines))
    (folder / "models.py").write_text(MODELS)
    (folder / "audit.json").write_text(json.dumps(AUDIT))
    shape, levels = [1, SIDE, SIDE], [{"steps": 1, "width": 4}]
    flow = zoo.Recipe("realnvp", {"shape": shape, "levels": levels, "bins": 4})
    model = flow.build()
    initialize(model, dequantize(x.repeat(7, 1, 1, 1), generator=generator))
    _keep(model, flow, folder / "flow.safetensors")
    cnn = zoo.Recipe("cnn", {"shape": shape, "classes": 3, "width": 2})
    _keep(cnn.build(), cnn, folder / "cnn.safetensors")
    _write_flow_of_rows(folder)
    record = search(
        x,
        lambda x: x.flatten(1)[:, :3],
        TargetClass(1, 0.5),
        Identity((1, SIDE, SIDE)),
        run=Run(steps=3, path=True),
    )
    replace(
        record,
        names=tuple(f"{row}.png" for row in range(ROWS)),
        statements={"kkt_angle": torch.rand(ROWS, generator=generator)},
    ).save(folder / "record.safetensors")


def _write_flow_of_rows(folder: Path) -> None:
    rows = read_table(folder / "rows.csv")
    columns = columns_of(rows)
    sizes = {"pairs": 1, "passes": 2, "bins": 4, "hidden": [16]}
    told = {"columns": [asdict(column) for column in columns], "given": []}
    recipe = zoo.Recipe("table", told | sizes)
    flow = as_table_flow(recipe.build())
    flow.initialize(features_of(rows, columns))
    _keep(flow, recipe, folder / "rows.safetensors")


def _keep(model: nn.Module, recipe: zoo.Recipe, path: Path) -> None:
    zoo.save(model, zoo.Card(recipe, "noise", "none", "none", {"bits": 1.5}), path)
