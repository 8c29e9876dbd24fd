"""Images as files: what is drawn is what was judged."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from PIL import Image, ImageColor
from torch import Tensor
from torch.nn.functional import pad

from diffeo.counterfactuals import Counterfactuals
from diffeo.data.levels import to_8_bits
from diffeo.shapes import Images

__all__ = [
    "BRIGHTER",
    "DARKER",
    "as_picture",
    "change_sheet",
    "check_images",
    "common_limit",
    "drawable",
    "file_name",
    "plain_name",
    "sheet",
    "signed_difference",
    "write_pictures",
    "write_png",
]

DARKER, BRIGHTER = "#0b559f", "#d9480f"  # blue and orange, told apart by all eyes
INKS = torch.tensor([ImageColor.getrgb(color) for color in (DARKER, BRIGHTER)]) / 255
LIMITS = (0.05, 0.1, 0.2, 0.5, 1.0)  # where the scale of the differences may end
NEARLY_ALL = 0.999  # of the changed pixels lie within it
PIXELS = 20_000  # of an image that are looked at for that
EDGE = 1  # white pixels around each image of a sheet
LONGEST_NAME = 60  # characters of a source's name in a file's


def drawable(x: Tensor) -> bool:
    """Return whether data are images: a batch of one or three channels.

    Example:
        >>> drawable(torch.zeros(2, 3, 8, 8)), drawable(torch.zeros(2, 5))
        (True, False)
    """

    return x.ndim == 4 and x.shape[1] in (1, 3)


def check_images(x: Tensor) -> None:
    """Check that data can be drawn.

    Raises:
        ValueError: If they are not images of one or three channels.

    Example:
        >>> check_images(torch.zeros(2, 3, 8, 8))
    """

    if not drawable(x):
        raise ValueError(
            "data must be images of one or three channels, of shape (batch, channels, "
            f"height, width), got {tuple(x.shape)}"
        )


def signed_difference(
    before: Float[Tensor, "*batch channels height width"],
    after: Float[Tensor, "*batch channels height width"],
    limit: float,
) -> Float[Tensor, "*batch 3 height width"]:
    """Draw a change as colors: blue became darker, orange brighter, white stayed.

    Of each pixel it is the channel that changed most: the mean of all is blank where a
    color turns into another of the same brightness.

    Args:
        before: Images in [0, 1].
        after: The same images, changed.
        limit: Change of a channel that has the full color.

    Example:
        >>> before, after = torch.zeros(1, 1, 1), torch.ones(1, 1, 1)
        >>> (255 * signed_difference(before, after, 1.0)).round().int().flatten()
        tensor([217,  72,  15], dtype=torch.int32)
    """

    change = (after - before).float().cpu()
    change = change.gather(-3, change.abs().argmax(-3, keepdim=True))
    share = (change / limit).nan_to_num().clamp(-1, 1)
    darker, brighter = INKS[..., None, None]
    ink = torch.where(share < 0, darker, brighter)

    return 1 + (ink - 1) * share.abs()


def change_sheet(stages: Sequence[Images], limit: float) -> Tensor:
    """Return images, what became of them and the last difference, a row for each image.

    Args:
        stages: Images in [0, 1], and the same images changed, once or more often.
        limit: Change of a channel that has the full color.

    Example:
        >>> change_sheet([torch.zeros(2, 1, 8, 8), torch.ones(2, 1, 8, 8)], 1.0).shape
        torch.Size([3, 20, 30])
    """

    colored = [x.cpu().expand(-1, 3, -1, -1) for x in stages]
    difference = signed_difference(stages[-2], stages[-1], limit)
    tiles = torch.stack((*colored, difference), 1)

    return sheet(tiles.flatten(0, 1), across=1 + len(stages))


def common_limit(records: Iterable[Counterfactuals], rows: Sequence[int]) -> float:
    """Return at which change the differences of all records should have full color.

    Args:
        records: Of the same images; shorter ones lack the last rows.
        rows: Numbers of the rows that are drawn.

    Example:
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 1, 2, 2), Identity((1, 2, 2))
        >>> model, goal = lambda x: x.flatten(1)[:, :2], TargetClass(1, 0.6)
        >>> record = search(x, model, goal, place)
        >>> common_limit([record], rows=[0, 1])
        0.5
    """

    changes = [torch.zeros(1)]

    for record in records:
        for row in (row for row in rows if row < len(record)):
            change = record.select(torch.tensor([row])).change.flatten()
            changes.append(change[:: 1 + len(change) // PIXELS].float().cpu())

    size = torch.cat(changes).abs().nan_to_num()
    changed = size[size > 1 / 255]
    enough = NEARLY_ALL * len(changed)

    return next((end for end in LIMITS if (changed <= end).sum() >= enough), LIMITS[-1])


def sheet(images: Sequence[Tensor] | Tensor, *, across: int) -> Tensor:
    """Return images of one size side by side in rows, with white lines between.

    Args:
        images: As many as fill the rows, each (channels, height, width).
        across: Images in a row.

    Example:
        >>> sheet(torch.zeros(6, 1, 8, 8), across=3).shape
        torch.Size([1, 20, 30])
    """

    framed = pad(torch.stack(list(images)).cpu(), (EDGE,) * 4, value=1.0)
    rows = [torch.cat(list(row), dim=2) for row in framed.split(across)]

    return torch.cat(rows, dim=1)


def write_png(image: Float[Tensor, "channels height width"], path: Path) -> None:
    """Write one image of one or three channels in [0, 1] as an 8-bit file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_png(torch.zeros(1, 8, 8), Path(folder) / "black.png")
    """

    as_picture(image).save(path, "PNG")


def write_pictures(record: Counterfactuals, folder: Path) -> None:
    """Write each factual and counterfactual under its row's number and name.

    Pictures that an earlier record left in the folder are removed.

    Args:
        record: Of images.
        folder: Made if it is not there.

    Raises:
        ValueError: If the data are not images of one or three channels.

    Example:
        >>> import tempfile
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.ones(1, 1, 4, 4), Identity((1, 4, 4))
        >>> record = search(x, lambda x: x.flatten(1)[:, :2], TargetClass(1), place)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_pictures(record, Path(folder))
        ...     sorted(path.name for path in Path(folder).iterdir())
        ['00000-counterfactual.png', '00000-factual.png']
    """

    check_images(record.factual)
    folder.mkdir(parents=True, exist_ok=True)

    for old in folder.glob("[0-9]" * 5 + "-*factual.png"):
        old.unlink()

    for row in range(len(record)):
        stem = file_name(record, row)
        write_png(record.factual[row], folder / f"{stem}-factual.png")
        write_png(record.counterfactual[row], folder / f"{stem}-counterfactual.png")


def file_name(record: Counterfactuals, row: int) -> str:
    """Return the number and name of a row, as every file system takes it.

    Args:
        record: Whose names are used, if it has any.
        row: Number of the row.

    Example:
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 1, 2, 2), Identity((1, 2, 2))
        >>> model, goal = lambda x: x.flatten(1)[:, :2], TargetClass(1, 0.6)
        >>> record = search(x, model, goal, place)
        >>> file_name(record, 1)
        '00001'
    """

    name = record.names[row] if record.names else ""

    return f"{row:05d}-{plain_name(name)}".rstrip("-")


def plain_name(text: str) -> str:
    """Return a text as part of a file name: letters, digits, dots, dashes, no ending.

    Example:
        >>> plain_name("threes/a b.png")
        'threes-a-b'
    """

    stem = re.sub(r"\.[A-Za-z]+$", "", text)

    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.")[-LONGEST_NAME:]


def as_picture(image: Float[Tensor, "channels height width"]) -> Image.Image:
    """Return an image of one or three channels in [0, 1] as an 8-bit picture.

    Example:
        >>> as_picture(torch.zeros(3, 6, 8)).size
        (8, 6)
    """

    levels = (to_8_bits(image.float().nan_to_num()) * 255).to(torch.uint8)

    return Image.fromarray(levels.movedim(0, -1).squeeze(-1).cpu().numpy())
