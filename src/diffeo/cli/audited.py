"""What is audited, as options say it: images or a table, and a model of them."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import nn

    from diffeo.readers.known_model import KnownModel
    from diffeo.workflows.audit.audited import Audited

__all__ = ["ToAudit", "images_to_audit", "table_to_audit"]


class ToAudit(NamedTuple):
    """Data, and the model that is audited on them.

    Args:
        audited: The data.
        loaded: The model.
        gradients: A sentence on its gradients, if they are not its own.
        values: Whether it is known to answer values.
    """

    audited: "Audited"
    loaded: "nn.Module"
    gradients: str = ""
    values: bool = False


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
    *,
    truth: str | None,
    value: bool,
    device: str,
    seed: int,
) -> ToAudit:
    """Read a table and its flow, and make a model with gradients.

    Args:
        data: The table, as the user named it.
        coordinates: The flow of the table.
        known: The model, or an estimator.
        truth: Column with the true class of each row; none if not given.
        value: Whether the model answers values, where it does not tell itself.
        device: Where to compute.
        seed: Seed of a surrogate.

    Raises:
        ValueError: If there is a truth, and a model of values.
    """

    from diffeo.workflows.audit.table import AuditedTable
    from diffeo.workflows.explain.table import TableToExplain

    audited = AuditedTable(TableToExplain.read(data, coordinates), truth or "")
    (loaded,), gradients = audited.table.models([known], device=device, seed=seed)
    values = value or known.is_of_values

    if truth and values:
        raise ValueError(
            "--truth must be given with a classifier, got a model of values"
        )

    return ToAudit(audited, loaded, gradients, values)
