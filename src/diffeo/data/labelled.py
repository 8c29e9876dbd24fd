"""Images with the classes they belong to."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from diffeo.data.images import read_images
from diffeo.shapes import Images, Indices, Scores

__all__ = ["Labelled", "read_labelled"]


@dataclass(frozen=True, eq=False)
class Labelled:
    """Images in [0, 1] with their true classes.

    Args:
        images: One size all of them.
        labels: Their classes, counted from 0; or, as floats, their true values.
    """

    images: Images
    labels: Indices | Scores

    def __len__(self) -> int:
        """Return the number of images."""

        return len(self.labels)

    @property
    def classes(self) -> int:
        """How many classes there are."""

        return int(self.labels.max()) + 1

    def of(self, label: int) -> Images:
        """Return the images of a class.

        Raises:
            ValueError: If there are none.
        """

        found = self.images[self.labels == label]

        if len(found) == 0:
            raise ValueError(f"the data must have images of class {label}, got none")

        return found

    def select(self, rows: Tensor | slice) -> "Labelled":
        """Return some of the images: flags, indices or a slice."""

        return Labelled(self.images[rows], self.labels[rows])

    def split(self, every: int) -> tuple["Labelled", "Labelled"]:
        """Return most images, and every so many of each class apart from them.

        Args:
            every: Of the images of a class, the last of so many is held out.

        Raises:
            ValueError: If it is not at least 2.
        """

        if every < 2:
            raise ValueError(f"every must be at least 2, got {every}")

        apart = torch.zeros_like(self.labels, dtype=torch.bool)

        for label in self.labels.unique():
            rows = (self.labels == label).nonzero()[:, 0]
            apart[rows[every - 1 :: every]] = True

        return self.select(~apart), self.select(apart)


def read_labelled(path: Path) -> Labelled:
    """Read a folder that holds one folder of pictures for each class.

    The classes are counted in the order of the folders' names.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If it has fewer than two folders, or the pictures differ in size.
    """

    if not path.is_dir():
        raise FileNotFoundError(f"labelled data must be a folder, got {path}")

    folders = sorted(inside for inside in path.iterdir() if inside.is_dir())

    if len(folders) < 2:
        raise ValueError(
            f"labelled data must have a folder of pictures for each of at least two "
            f"classes, got {len(folders)} in {path}"
        )

    parts = [read_images(folder) for folder in folders]
    sizes = {tuple(part.shape[1:]) for part in parts}

    if len(sizes) > 1:
        raise ValueError(f"pictures must be of one size, got {sorted(sizes)} in {path}")

    labels = [torch.full((len(part),), label) for label, part in enumerate(parts)]

    return Labelled(torch.cat(parts), torch.cat(labels))
