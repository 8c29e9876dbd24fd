"""CheXpert in its official layout: chest X-rays with one finding, present or not."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import torch

from diffeo.data.crops import read_square, stack
from diffeo.data.folders import Layout
from diffeo.data.xrays import XRays

__all__ = ["CARDIOMEGALY", "Finding", "Policy", "chexpert"]

Policy = Literal["zeros", "ones", "ignore"]
"""Whether what is not known counts as absent, as present, or is left out."""

LAYOUT = Layout(
    name="CheXpert",
    file="train.csv",
    inside=("CheXpert-v1.0-small", "CheXpert-v1.0", "chexpert", "chest-xray"),
    source="https://stanfordmlgroup.github.io/competitions/chexpert/",
)
LISTS = {"train": "train.csv", "validation": "valid.csv"}
PRESENT = {"zeros": 0, "ones": 1, "ignore": None}


@dataclass(frozen=True)
class Finding:
    """A column of the lists, and what its values mean.

    Args:
        name: The column, such as "Cardiomegaly" or "Pleural Effusion".
        uncertain: What −1 means: the report says that the finding may be there.
        blank: What an empty value means: the report does not say.

    Example:
        >>> Finding("Edema", uncertain="ones").meaning["-1.0"]
        1
    """

    name: str = "Cardiomegaly"
    uncertain: Policy = "ignore"
    blank: Policy = "ignore"

    @property
    def meaning(self) -> dict[str, int | None]:
        """What each value of a list means: 1 present, 0 absent, None to be left out."""

        uncertain, blank = PRESENT[self.uncertain], PRESENT[self.blank]

        return {"1.0": 1, "0.0": 0, "-1.0": uncertain, "": blank}


CARDIOMEGALY = Finding()
"""An enlarged heart, where a report says yes or no."""


def chexpert(
    split: Literal["train", "validation"],
    folder: Path | None = None,
    *,
    finding: Finding = CARDIOMEGALY,
    views: Sequence[str] = ("Frontal",),
    size: int = 128,
    limit: int | None = None,
) -> XRays:
    r"""Read the X-rays of one split.

    Source: Irvin et al., 2019, CheXpert: A Large Chest Radiograph Dataset with
    Uncertainty Labels and Expert Comparison.

    Args:
        split: "train" for train.csv, "validation" for valid.csv.
        folder: The folder of the two lists, or one above it; the environment variable
            DIFFEO_DATA if not given.
        finding: What the labels are.
        views: Values of the column "Frontal/Lateral" whose images are read.
        size: Side of the images in pixels, to which the square in the middle of each
            file is resized.
        limit: Most images, the first ones; all if not given.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a list or an image is malformed, or no image is left.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from PIL import Image
        >>> file = "train/patient00001/study1/view1_frontal.jpg"
        >>> with TemporaryDirectory() as folder:
        ...     Path(folder, file).parent.mkdir(parents=True)
        ...     Image.new("L", (390, 320)).save(f"{folder}/{file}")
        ...     _ = Path(folder, "train.csv").write_text(
        ...         "Path,Frontal/Lateral,Cardiomegaly\n"
        ...         f"CheXpert-v1.0-small/{file},Frontal,1.0\n"
        ...     )
        ...     train = chexpert("train", Path(folder))
        >>> train.pixels.shape, train.labels, train.patients
        (torch.Size([1, 1, 128, 128]), tensor([1]), ('patient00001',))
    """

    root = LAYOUT.find(folder)
    listed = _read_list(root / LISTS[split], finding, views)[:limit]
    squares = (read_square(root / file, size) for file, _ in listed)

    return XRays(
        stack(squares, len(listed), (1, size, size)),
        torch.tensor([present for _, present in listed]),
        finding.name,
        tuple(file for file, _ in listed),
    )


def _read_list(
    path: Path, finding: Finding, views: Sequence[str]
) -> list[tuple[str, int]]:
    """Return the file of each image within the data set's folder, and its label."""

    if not path.is_file():
        raise FileNotFoundError(
            f"{LAYOUT.name} must have the list {path}, got no file; the files are at "
            f"{LAYOUT.source}"
        )

    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = csv.DictReader(file)
        columns = set(rows.fieldnames or ())
        missing = {"Path", "Frontal/Lateral", finding.name} - columns

        if missing:
            raise ValueError(
                f"{path} must have the columns Path, Frontal/Lateral and "
                f"{finding.name}, got none called {', '.join(sorted(missing))}"
            )

        wanted = [row for row in rows if row["Frontal/Lateral"] in views]

    meaning = finding.meaning
    found = []

    for row in wanted:
        parts, value = PurePosixPath(row["Path"]).parts, row[finding.name]

        if len(parts) < 4 or value not in meaning:
            raise ValueError(
                f"{path} must have a Path like {LAYOUT.inside[0]}/train/FOLDER/FILE, "
                f"with 1.0, 0.0, -1.0 or nothing for {finding.name}, got {row['Path']} "
                f"with {value}"
            )

        found.append(("/".join(parts[1:]), meaning[value]))

    known = [(file, label) for file, label in found if label is not None]

    if not known:
        raise ValueError(
            f"{path} must list {' or '.join(views)} images with {finding.name} known, "
            f"got none among {len(wanted)}"
        )

    return known
