"""Explain images: what is searched, and what is drawn of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from torch import nn

from diffeo.coordinates.limits import ColumnLimits
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.images import ImageFiles
from diffeo.readers.known_model import KnownModel
from diffeo.workflows.class_names import labels_of
from diffeo.workflows.explain.explanation import draw_explanation
from diffeo.workflows.explain.options import ExplainOptions
from diffeo.workflows.loading import find_images

__all__ = ["ImagesToExplain"]


@dataclass(frozen=True, eq=False)
class ImagesToExplain:
    """Images, and what their folder says of their classes; see `TableToExplain`.

    Args:
        rows: Images in [0, 1] and their names.
        labels: The class of each image; empty if unknown.
        classes: What these are called, in order.

    Example:
        >>> ImagesToExplain.read("digits", "mnist-flow", limit=3).rows.images.shape
        torch.Size([3, 1, 28, 28])
    """

    rows: ImageFiles
    labels: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    flow: ClassVar[None] = None

    @classmethod
    def read(
        cls,
        path: str,
        coordinates: str,
        *,
        limit: int | None = None,
        crop: int | None = None,
        resize: int | None = None,
    ) -> "ImagesToExplain":
        """Read images.

        Args:
            path: The images, as for `find_images`.
            coordinates: Those of the search, whose side pictures get if none is given.
            limit: Take only the first so many images.
            crop: Side in pixels of the square cut out of each picture's middle.
            resize: Side in pixels to which each picture is resized.
        """

        files = find_images(
            path, crop=crop, resize=resize, limit=limit, coordinates=coordinates
        )
        known = labels_of(path, files.names)

        return cls(files, tuple(known.files.values()), known.classes)

    def models(
        self,
        known: Iterable[KnownModel],
        limits: ColumnLimits,  # noqa: ARG002 - of tables, as the next two
        *,
        device: str = "cpu",  # noqa: ARG002
        seed: int = 0,  # noqa: ARG002
    ) -> tuple[list[nn.Module], tuple[str, ...]]:
        """Return models of the images, of which there is nothing more to know.

        Raises:
            ValueError: If one is an estimator of tables.
        """

        return [each.module() for each in known], ()

    def draw(
        self, record: Counterfactuals, rows: int, options: ExplainOptions, folder: Path
    ) -> None:
        """Draw the page of the counterfactuals; see `draw_explanation`."""

        draw_explanation(record, rows, options, folder)
