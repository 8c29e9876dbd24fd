"""Images with the classes they belong to."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from diffeo.data.images import read_pictures
from diffeo.data.levels import Pixels, to_bytes
from diffeo.data.picture_folder import LABELS, pictures_in
from diffeo.shapes import Images, Indices, Scores

__all__ = ["LabelledImages", "read_labelled_images"]


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images in [0, 1] with their true classes.

    Args:
        images: Images of one size.
        labels: The class of each image, counted from 0; or its true value, a float.
        class_names: What each class is called; empty if unknown.

    Raises:
        ValueError: If there is not one label for each image, or a label has no name.

    Example:
        >>> data = LabelledImages(torch.rand(4, 1, 2, 2), torch.tensor([0, 1, 1, 0]))
        >>> data.images[data.labels == 1].shape
        torch.Size([2, 1, 2, 2])
    """

    images: Images
    labels: Indices | Scores
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.images):
            raise ValueError(
                f"labels must be one for each of {len(self.images)} images, got "
                f"{len(self.labels)}"
            )

        if self.class_names and (self.labels >= len(self.class_names)).any():
            raise ValueError(
                f"class_names must be one for each of {int(self.labels.max()) + 1} "
                f"classes, got {len(self.class_names)}"
            )

    def __len__(self) -> int:
        """Return the number of images."""

        return len(self.labels)

    @property
    def classes(self) -> int:
        """How many classes there are."""

        return len(self.class_names) or int(self.labels.max()) + 1

    @property
    def pixels(self) -> Pixels:
        """The images rounded to 256 levels, as trainings take them."""

        return to_bytes(self.images)

    def of(self, label: int) -> Images:
        """Return the images of a class.

        Raises:
            ValueError: If there are none.
        """

        found = self.images[self.labels == label]

        if len(found) == 0:
            raise ValueError(f"the data must have images of class {label}, got none")

        return found

    def select(self, rows: Tensor | slice) -> "LabelledImages":
        """Return some of the images.

        Args:
            rows: A flag for each image, the images' indices, or a slice.
        """

        return replace(self, images=self.images[rows], labels=self.labels[rows])

    def split(self, every: int) -> tuple["LabelledImages", "LabelledImages"]:
        """Return most images, and every so many of each class apart from them.

        Args:
            every: Of so many images of a class, the last is held out.

        Raises:
            ValueError: If it is not at least 2.
        """

        if every < 2:
            raise ValueError(f"every must be at least 2, got {every}")

        labels: Tensor = self.labels
        apart = torch.zeros_like(labels, dtype=torch.bool)

        for label in labels.unique():
            rows = (labels == label).nonzero()[:, 0]
            apart[rows[every - 1 :: every]] = True

        return self.select(~apart), self.select(apart)


def read_labelled_images(
    path: str | Path, *, crop: int | None = None, resize: int | None = None
) -> LabelledImages:
    """Read a folder of pictures of known classes.

    It holds one folder of pictures for each class, counted in the order of their names,
    or a labels.csv; see `pictures_in`.

    Args:
        path: The folder.
        crop: As for `read_images`.
        resize: As for `read_images`.

    Raises:
        FileNotFoundError: If there is no such folder, or a picture that its labels.csv
            names is not there.
        ValueError: If it has fewer than two classes, its labels.csv is not as it should
            be, or a picture cannot be read or differs in size.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from PIL import Image
        >>> with TemporaryDirectory() as folder:
        ...     for name in ("cat", "dog"):
        ...         Path(folder, name).mkdir()
        ...         Image.new("L", (4, 4)).save(f"{folder}/{name}/1.png")
        ...     data = read_labelled_images(folder)
        >>> data.class_names, data.labels
        (('cat', 'dog'), tensor([0, 1]))
    """

    path = Path(path)

    if not path.is_dir():
        raise FileNotFoundError(f"labelled data must be a folder, got {path}")

    found = pictures_in(path)

    if len(found.classes) < 2:
        raise ValueError(
            f"labelled data must have a folder of pictures, or a name in {LABELS}, for "
            f"each of at least two classes, got {len(found.classes)} in {path}"
        )

    images, _ = read_pictures(list(found.files), path, crop, resize)
    labels = [found.classes.index(label) for label in found.files.values()]

    return LabelledImages(images, torch.tensor(labels), found.classes)
