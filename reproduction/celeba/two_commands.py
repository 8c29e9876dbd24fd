"""`diffeo fit` and `diffeo audit` on a folder of faces, as users would give them."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import torch
from torch import Tensor, nn

from diffeo.cli.audit import audit_command
from diffeo.cli.fit import GeneratorName, fit_command
from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.data.celeba import celeba
from diffeo.evaluation.intervals import interval_of, mean, share
from diffeo.evaluation.oracles import Oracle, classifier_oracle
from diffeo.models.strided import encoder
from diffeo.report.gallery import gallery
from diffeo.report.images import write_png
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule
from diffeo.training.supervised import Supervised
from reproduction.domain import accuracies, trained
from reproduction.experiment import Experiment, ExperimentOptions, Findings, with_ends
from reproduction.figures import saved

__all__ = ["CELEBA_TWO_COMMANDS"]

ATTRIBUTE, CLASSES = "Smiling", ("not smiling", "smiling")  # half of the faces each
MOUTH = (0.70, 0.89), (0.31, 0.69)  # of height and width, in faces that are aligned
SEED, BATCH = 501, 64
GENERATORS: tuple[GeneratorName, ...] = get_args(GeneratorName)
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


@dataclass(frozen=True)
class Place:
    """What a user has in a folder, in files beside each other.

    Args:
        folder: The folder of all that follows.
        effort: How much is done.
    """

    folder: Path
    effort: Effort

    def fit(self, generator: GeneratorName) -> str:
        """Fit a generator to the faces, and return its weights' file."""

        weights = self.folder / f"{generator}.safetensors"
        fit_command(
            str(self.folder / "faces"),
            size=self.effort.size,
            generator=generator,
            minutes=self.effort.minutes,
            epochs=self.effort.passes,
            out=weights,
            quiet=True,
        )

        return str(weights)

    def audit(
        self, coordinates: str, name: str, *, closest: bool
    ) -> tuple[dict[str, Any], Counterfactuals]:
        """Audit the classifier, and return what is told, and all rows of its searches.

        Args:
            coordinates: As the command takes them.
            name: What they are called.
            closest: Whether to ask for the closest, in the end by the data.
        """

        audited = self.folder / (f"{name}-closest" if closest else name)
        audit_command(
            data=str(self.folder / "faces"),
            model=str(self.folder / "net.pt2"),
            coordinates=coordinates,
            residual=name == "vae",
            model_size=self.effort.wide,
            classes=self.folder / "classes.txt",
            regions=self.folder / "regions",
            sample=self.effort.sample,
            steps=self.effort.steps,
            closest="data" if closest else None,
            out=audited,
            quiet=True,
        )
        records = [
            Counterfactuals.load(path)
            for path in sorted(audited.glob("*/record.safetensors"))
        ]

        return json.loads((audited / "audit.json").read_text()), concatenate(records)


def measure_two_commands(options: ExperimentOptions) -> Findings:
    """Fit generators to 2,000 faces in two folders, and audit another's classifier.

    The classifier takes larger pictures, has seen none of these faces, and is given as
    a program of `torch.export`. Another network, which no search asks, says how many of
    the results smile or not as they are to. Each audit is made again with the closest
    asked for; one in pixels is made beside them.

    Args:
        options: Where the data are, and whether to be quick.
    """

    effort = QUICK if options.quick else Effort()
    judge = _second_network(quick=options.quick)

    with TemporaryDirectory() as text:
        place = Place(Path(text), effort)
        left = _write_pictures(place.folder / "faces", options.data, effort)
        model = _write_classifier(place.folder / "net.pt2", left, options.data, effort)
        (place.folder / "classes.txt").write_text("\n".join(CLASSES))
        _write_regions(place.folder / "regions", effort.size)
        tests = celeba("test", options.data, size=effort.wide, limit=effort.train)
        labelled = tests.labelled(ATTRIBUTE)
        results = {
            **accuracies("model", classifier_oracle(model), labelled),
            "area_of_mouth": _mouth(effort.size).mean().item(),
        }
        made: dict[str, Callable[[], str]] = {
            name: partial(place.fit, name) for name in GENERATORS
        }
        shown = {}

        for name, make in (made | {"data": lambda: "data"}).items():
            stem = name.replace("-", "_")
            begun = time.monotonic()
            weights = make()
            results[f"{stem}_fit_minutes"] = (time.monotonic() - begun) / 60

            for closest in (False, True) if name in GENERATORS else (False,):
                begun = time.monotonic()
                audited, record = place.audit(weights, name, closest=closest)
                found = {
                    "audit_seconds": time.monotonic() - begun,
                    **_record_results(record, judge),
                    **_judge_results(audited),
                }
                key = f"{stem}_closest" if closest else stem
                results |= {f"{key}_{what}": value for what, value in found.items()}
                shown[key] = record

    rows = [*range(SHOWN), *range(effort.sample, effort.sample + SHOWN)]

    return Findings(
        results,
        {"gallery.png": saved(lambda: gallery(shown, rows[: len(record)]))},
    )


def _second_network(*, quick: bool) -> Oracle:
    if quick:
        return classifier_oracle(encoder((3, QUICK.size, QUICK.size), 2, (8,)).eval())

    return classifier_oracle(trained("celeba-smiling"))


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


def _write_regions(folder: Path, size: int) -> None:
    """Write where the mouth is in most faces, and the rest."""

    folder.mkdir()
    mouth = _mouth(size)[None]
    write_png(mouth, folder / "mouth.png")
    write_png(1 - mouth, folder / "elsewhere.png")


def _mouth(size: int) -> Tensor:
    """Return 1 where the mouth is in most faces, shape (height, width), else 0."""

    center = (torch.arange(size) + 0.5) / size
    down, across = ((center > low) & (center < high) for low, high in MOUTH)

    return (down[:, None] & across).float()


def _record_results(record: Counterfactuals, judge: Oracle) -> dict[str, float]:
    """Return how many faces reached the other answer, and what of them changed."""

    there = record.select(record.reached)
    change = there.change.abs().sum(1)
    inside = (change * _mouth(change.shape[-1])).sum((1, 2)) / change.sum((1, 2))
    agreed = judge(record.counterfactual) == record.target.long()

    return with_ends(
        {
            "reached": interval_of(record.reached.double(), share),
            "second_cnn": interval_of(agreed.double(), share),
            "change_in_mouth": interval_of(inside.double(), mean),
        }
    )


def _judge_results(audited: dict[str, Any]) -> dict[str, float]:
    """Return the share on which each of the audit's own judges agrees."""

    judged = [each["judges"] for each in audited["directions"] if each.get("judges")]

    return {
        f"agreement_{kind.replace(' ', '_')}": sum(each[kind] for each in judged)
        / len(judged)
        for kind in (judged[0] if judged else ())
    }


CELEBA_TWO_COMMANDS = Experiment(
    "celeba-two-commands",
    "Two commands on a folder of 2,000 faces and another's classifier.",
    measure_two_commands,
    {f"{name}_reached": "≥ 0.95" for name in ("glow", "flow_matching", "vae")},
    "goal",
)
