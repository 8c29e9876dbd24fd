"""What is audited, as options say it: images or a table, and a model of them."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import nn

    from diffeo.coordinates.limits import ColumnLimits
    from diffeo.coordinates.table import TableFlow
    from diffeo.readers.known_model import KnownModel
    from diffeo.workflows.audit.audited import Audited

__all__ = ["ToAudit", "checked_truth", "images_to_audit", "table_to_audit"]


class ToAudit(NamedTuple):
    """Data, and the model that is audited on them.

    Args:
        audited: The data.
        loaded: The model.
        notes: Sentences to know before anything is believed.
        flow: That of a table; None for images.
    """

    audited: "Audited"
    loaded: "nn.Module"
    notes: tuple[str, ...] = ()
    flow: "TableFlow | None" = None


def images_to_audit(
    data: str,
    coordinates: str,
    known: "KnownModel",
    *,
    regions: Path | None,
    crop: int | None,
    resize: int | None,
) -> ToAudit:
    """Read images and the regions in which their changes are counted.

    Args:
        data: The images, as the user named them.
        coordinates: Those of the search, whose side pictures get if none is given.
        known: The model.
        regions: A folder of masks; the cells of a grid if not given.
        crop: Side in pixels of the square cut out of each picture's middle.
        resize: Side in pixels to which each picture is resized.
    """

    from diffeo.workflows.audit.changes import grid_regions, read_regions
    from diffeo.workflows.audit.images import AuditedImages
    from diffeo.workflows.loading import find_images, side_for

    side = side_for(data, coordinates, resize)
    images = find_images(data, crop=crop, resize=side)
    height, width = images.images.shape[2:]
    masks = (
        read_regions(regions, (height, width), crop=crop, resize=side)
        if regions
        else grid_regions(height, width)
    )

    return ToAudit(AuditedImages.labeled(images, masks, data), known.module())


def table_to_audit(
    data: str,
    coordinates: str,
    known: "KnownModel",
    limits: "ColumnLimits",
    *,
    truth: str,
    device: str,
    seed: int,
) -> ToAudit:
    """Read a table and its flow, and make a model with gradients.

    Args:
        data: The table, as the user named it.
        coordinates: The flow of the table.
        known: The model, or an estimator.
        limits: Which columns may change.
        truth: Column with the true class of each row; none if empty.
        device: Where to compute.
        seed: Seed of a surrogate.
    """

    from diffeo.workflows.audit.table import AuditedTable
    from diffeo.workflows.explain.table import TableToExplain

    table = TableToExplain.read(data, coordinates)
    audited = AuditedTable(table, truth)
    (loaded,), notes = table.models([known], limits, device=device, seed=seed)

    return ToAudit(audited, loaded, notes, table.flow)


def checked_truth(truth: str | None, *, values: bool) -> str:
    """Return the column with the true classes, empty if there is none.

    Args:
        truth: As the user named it.
        values: Whether the model answers values.

    Raises:
        ValueError: If there is a truth, and a model of values.
    """

    if truth and values:
        raise ValueError(
            "--truth must be given with a classifier, got a model of values"
        )

    return truth or ""
