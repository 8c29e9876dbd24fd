"""Pictures that say where an image may change."""

from pathlib import Path

import torch
from jaxtyping import Bool
from torch import Tensor
from torch.nn.functional import interpolate

from diffeo.data.pictures import read_picture

__all__ = ["mask_of", "read_mask"]

COLOR = 0.1  # difference of channels beyond which a pixel is no gray
ALLOWED = "#"


def read_mask(path: Path, shape: tuple[int, ...]) -> dict[str, object]:
    """Read where images may change: where a picture is white, or nearer to it.

    Args:
        path: A black and white picture of the images' aspect ratio, which is resized.
        shape: Shape of one image, (channels, height, width).

    Returns:
        Its name, and a text for each row of pixels, as a record's settings keep them:
        "#" where changes are allowed, "." where they are not.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no picture, of colors or another aspect ratio, or black or
            white everywhere.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from PIL import Image
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "lower.png")
        ...     picture = Image.new("L", (4, 4))
        ...     picture.paste(255, (0, 2, 4, 4))
        ...     picture.save(path)
        ...     read_mask(path, (1, 2, 2))["rows"]
        ['..', '##']
    """

    if not path.is_file():
        raise FileNotFoundError(f"mask must be a picture, got {path}")

    picture = torch.from_numpy(read_picture(path))
    (height, width), (high, wide) = shape[1:], picture.shape[1:]

    if (picture.amax(0) - picture.amin(0)).max() > COLOR:
        raise ValueError(f"mask must be black and white, got {path} in color")

    if high * width != wide * height:
        raise ValueError(
            f"mask must have the aspect ratio of the images, {width}×{height} pixels, "
            f"got {path} of {wide}×{high}"
        )

    gray = picture.mean(0)[None, None]
    allowed = interpolate(gray, (height, width), mode="bilinear", antialias=True) >= 0.5

    if allowed.all() or not allowed.any():
        raise ValueError(
            "mask must be white where changes are allowed and black elsewhere, got "
            f"{path}, {'white' if allowed.all() else 'black'} everywhere"
        )

    rows = [
        "".join(ALLOWED if pixel else "." for pixel in row)
        for row in allowed[0, 0].tolist()
    ]

    return {"name": str(path), "rows": rows}


def mask_of(settings: object) -> Bool[Tensor, "1 height width"]:
    """Return where changes are allowed, from what a record keeps of a mask.

    Args:
        settings: As `read_mask` returned them.

    Raises:
        ValueError: If they are anything else.

    Example:
        >>> mask_of({"name": "lower.png", "rows": ["..", "##"]})
        tensor([[[False, False],
                 [ True,  True]]])
    """

    match settings:
        case {"name": str(), "rows": [str(first), *_] as rows} if all(
            isinstance(row, str) and len(row) == len(first) for row in rows
        ):
            allowed = [[pixel == ALLOWED for pixel in row] for row in rows]

            return torch.tensor([allowed])

    raise ValueError(f"mask must be rows of pixels of one length, got {settings!r:.80}")
