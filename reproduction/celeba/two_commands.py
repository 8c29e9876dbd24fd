"""`diffeo fit` and `diffeo audit` on a folder of faces, as users would give them."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from diffeo.cli.audit import audit_command
from diffeo.cli.fit import fit_command
from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.data.celeba import celeba
from diffeo.evaluation.intervals import interval_of, mean, share
from diffeo.evaluation.oracles import classifier_oracle
from diffeo.models.strided import encoder
from diffeo.report.gallery import gallery
from diffeo.report.images import write_png
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule
from diffeo.training.supervised import Supervised
from reproduction.domain import accuracies
from reproduction.experiment import Experiment, ExperimentOptions, Findings, with_ends
from reproduction.figures import saved

__all__ = ["CELEBA_TWO_COMMANDS"]

ATTRIBUTE, CLASSES = "Smiling", ("not smiling", "smiling")  # half of the faces each
MOUTH = (0.70, 0.89), (0.31, 0.69)  # of height and width, in faces that are aligned
SEED, BATCH = 501, 64
SHOWN = 4  # faces of the gallery, for each direction


@dataclass(frozen=True)
class Effort:
    """How much is done.

    Args:
        size: Side of the pictures in the folder, in pixels.
        images: Pictures of each class.
        wide: Side of the pictures that the classifier takes, in pixels.
        widths: Channels of each of its levels.
        train: Faces that it is trained on, none of them in the folder.
        epochs: Passes over these.
        minutes: Time for the flow.
        passes: Passes of the flow in place of as many as fit into that time, if given.
        faces: Faces of which the folder's are the first; all if not given.
        sample: Pictures in each direction of the audit.
        steps: Most steps of a picture.
    """

    size: int = 64
    images: int = 1000
    wide: int = 224
    widths: tuple[int, ...] = (16, 32, 64, 96, 128)
    train: int = 3000
    epochs: int = 6
    minutes: float = 20.0
    passes: int | None = None
    faces: int | None = None
    sample: int = 50
    steps: int = 1000


QUICK = Effort(
    size=16,
    images=10,
    wide=32,
    widths=(8, 8),
    train=20,
    epochs=1,
    minutes=0.1,
    passes=1,
    faces=80,
    sample=2,
    steps=3,
)


def measure_two_commands(options: ExperimentOptions) -> Findings:
    """Fit a flow to 2,000 faces in two folders and audit another's classifier by it.

    The classifier takes larger pictures, has seen none of these faces, and is given as
    a program of `torch.export`.

    Args:
        options: Where the data are, and whether to be quick.
    """

    effort = QUICK if options.quick else Effort()

    with TemporaryDirectory() as text:
        folder = Path(text)
        left = _write_pictures(folder / "faces", options.data, effort)
        model = _write_classifier(folder / "net.pt2", left, options.data, effort)
        minutes = _timed(
            partial(
                fit_command,
                str(folder / "faces"),
                size=effort.size,
                minutes=effort.minutes,
                epochs=effort.passes,
                out=folder / "faces.safetensors",
                quiet=True,
            )
        )
        seconds = 60 * _timed(
            partial(
                audit_command,
                data=str(folder / "faces"),
                model=str(folder / "net.pt2"),
                coordinates=str(folder / "faces.safetensors"),
                model_size=effort.wide,
                classes=_written(folder / "classes.txt", "\n".join(CLASSES)),
                regions=_write_regions(folder / "regions", effort.size),
                sample=effort.sample,
                steps=effort.steps,
                out=folder / "audited",
                quiet=True,
            )
        )
        audited = json.loads((folder / "audited" / "audit.json").read_text())
        records = [
            Counterfactuals.load(path)
            for path in sorted(folder.glob("audited/*/record.safetensors"))
        ]

    tests = celeba("test", options.data, size=effort.wide, limit=effort.train)
    results = {
        **accuracies("model", classifier_oracle(model), tests.labelled(ATTRIBUTE)),
        "fit_minutes": minutes,
        "audit_seconds": seconds,
        **_audit_results(audited, concatenate(records)),
    }
    few = [record.select(torch.arange(len(record))[:SHOWN]) for record in records]
    shown = concatenate(few)

    return Findings(
        results,
        {"gallery.png": saved(lambda: gallery({"": shown}, range(len(shown))))},
    )


def _write_pictures(folder: Path, data: Path | None, effort: Effort) -> list[int]:
    """Write the first training faces of each class, and return which are left."""

    faces = celeba("train", data, size=effort.size, limit=effort.faces)
    smiling = faces.has(ATTRIBUTE)
    taken = torch.zeros_like(smiling)

    for label, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)

        for row in (smiling == label).nonzero()[: effort.images, 0].tolist():
            taken[row] = True
            picture = faces.pixels[row].float() / 255
            write_png(picture, folder / name / f"{row:06}.png")

    return (~taken).nonzero()[: effort.train, 0].tolist()


def _write_classifier(
    path: Path, rows: list[int], data: Path | None, effort: Effort
) -> nn.Module:
    """Train a classifier of other, larger faces, and write it with its code."""

    faces = celeba("train", data, size=effort.wide, limit=max(rows) + 1)
    shape = (3, effort.wide, effort.wide)
    model = encoder(shape, len(CLASSES), effort.widths, seed=SEED)
    known = faces.pixels[rows], faces.has(ATTRIBUTE)[rows].long()
    loader = batches(*known, size=BATCH, seed=SEED)
    module = Supervised(model, Schedule(decay=0.05), seed=SEED)
    fit(module, loader, None, Fit(None, effort.epochs, progress=False))
    model = model.eval()
    batch = torch.export.Dim("batch")
    program = torch.export.export(
        model, (torch.zeros(2, *shape),), dynamic_shapes=({0: batch},)
    )
    torch.export.save(program, path)

    return model


def _write_regions(folder: Path, size: int) -> Path:
    """Write where the mouth is in most faces, and the rest."""

    folder.mkdir()
    mouth = _mouth(size)[None]
    write_png(mouth, folder / "mouth.png")
    write_png(1 - mouth, folder / "elsewhere.png")

    return folder


def _mouth(size: int) -> Tensor:
    """Return 1 where the mouth is in most faces, shape (height, width), else 0."""

    center = (torch.arange(size) + 0.5) / size
    down, across = ((center > low) & (center < high) for low, high in MOUTH)

    return (down[:, None] & across).float()


def _written(path: Path, text: str) -> Path:
    path.write_text(text)

    return path


def _timed(work: Callable[[], object]) -> float:
    """Return the minutes that some work takes."""

    began = time.monotonic()
    work()

    return (time.monotonic() - began) / 60


def _audit_results(
    audited: dict[str, Any], record: Counterfactuals
) -> dict[str, float]:
    """Return how many faces reached the other answer, and where they changed."""

    found = record.select(record.reached).change.abs().sum(1)
    mouth = _mouth(found.shape[-1])
    inside = (found * mouth).sum((1, 2)) / found.sum((1, 2))
    measured = {
        "reached": interval_of(record.reached.double(), share),
        "change_in_mouth": interval_of(inside.double(), mean),
    }
    judged = [each["judges"] for each in audited["directions"] if each.get("judges")]

    return {
        **with_ends(measured),
        "area_of_mouth": mouth.mean().item(),
        **{
            f"agreement_{kind}": sum(each[kind] for each in judged) / len(judged)
            for kind in (judged[0] if judged else ())
        },
    }


CELEBA_TWO_COMMANDS = Experiment(
    "celeba-two-commands",
    "Two commands on a folder of 2,000 faces and another's classifier.",
    measure_two_commands,
    {"reached": "≥ 0.95"},
    "goal",
)
