"""Chest X-rays with a finding, and where they come from."""

from dataclasses import dataclass
from pathlib import PurePosixPath

import torch

from diffeo.data.annotated import AnnotatedImages
from diffeo.data.labelled import LabelledImages
from diffeo.shapes import Indices

__all__ = ["XRays"]


@dataclass(frozen=True, eq=False)
class XRays(AnnotatedImages):
    """Chest X-rays, each with or without a finding.

    Args:
        pixels: Gray images of 256 levels.
        labels: 1 where the finding is present, 0 where it is absent.
        finding: What the finding is called.
        files: The file of each image within the data set's folder, such as
            "train/patient00001/study1/view1_frontal.jpg".

    Example:
        >>> pixels = torch.zeros(2, 1, 8, 8, dtype=torch.uint8)
        >>> files = ("train/a/1_2.png", "train/patient00001/study1/view1_frontal.jpg")
        >>> xrays = XRays(pixels, torch.tensor([0, 1]), "Edema", files)
        >>> xrays.sources, xrays.patients
        (('a', 'chexpert'), ('a/1', 'patient00001'))
    """

    labels: Indices
    finding: str
    files: tuple[str, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Where each image comes from: the folder of its file, or "chexpert"."""

        folders = [PurePosixPath(file).parts[1] for file in self.files]

        return tuple("chexpert" if _is_patient(each) else each for each in folders)

    @property
    def patients(self) -> tuple[str, ...]:
        """Whose each image is: the same name for all images of a patient."""

        return tuple(map(_patient, self.files))

    def labelled(self) -> LabelledImages:
        """Return the images in two classes: 1 with the finding, 0 without it."""

        names = f"no {self.finding}", self.finding

        return LabelledImages(self.pixels.float() / 255, self.labels, names)

    def from_sources(self, *sources: str) -> "XRays":
        """Return the images of some sources.

        Args:
            sources: Values of `sources`.

        Raises:
            ValueError: If there are no images of one of them.
        """

        missing = set(sources) - set(self.sources)

        if missing:
            raise ValueError(
                f"sources must be among {', '.join(sorted(set(self.sources)))}, got "
                f"{', '.join(sorted(missing))}"
            )

        return self.select(torch.tensor([each in sources for each in self.sources]))


def _is_patient(folder: str) -> bool:
    return folder.startswith("patient")


def _patient(file: str) -> str:
    """Return the folder of a patient, or a source and the name up to an underscore."""

    path = PurePosixPath(file)
    folder = path.parts[1]

    return folder if _is_patient(folder) else f"{folder}/{path.stem.split('_')[0]}"
