"""A path as a moving picture, for slides."""

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps
from torch import Tensor

from diffeo.report.images import as_picture, check_images
from diffeo.report.path_frames import PathFrames

__all__ = ["write_animation"]

SIDE = 320  # pixels that the longer side of a picture has at least
LETTERS = 15  # pixels of the caption's height
STEP, REST = 70, 900  # milliseconds of a frame, and of both ends


def write_animation(frames: PathFrames, captions: Sequence[str], path: Path) -> None:
    """Write a GIF that goes from the factual to the counterfactual and back, forever.

    Args:
        frames: Points of a path.
        captions: One for each frame, drawn below it as far as it fits.
        path: The file.

    Raises:
        ValueError: If the frames are not images.

    Example:
        >>> import tempfile, torch
        >>> frames = PathFrames((0, 9), (-1.0, 0.0), torch.rand(2, 1, 8, 8))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_animation(frames, ["start", "end"], Path(folder) / "path.gif")
    """

    check_images(frames.images)
    there = list(map(_frame, frames.images, captions))
    first, *others = there + there[-2:0:-1]
    times = [STEP] * (1 + len(others))
    times[0] = times[len(there) - 1] = REST
    first.save(path, "GIF", save_all=True, append_images=others, duration=times, loop=0)


def _frame(image: Tensor, caption: str) -> Image.Image:
    small = as_picture(image).convert("RGB")
    shown = ImageOps.scale(
        small, math.ceil(SIDE / max(small.size)), Image.Resampling.NEAREST
    )
    frame = ImageOps.expand(shown, (0, 0, 0, 2 * LETTERS), "white")
    font, place = ImageFont.load_default(LETTERS), (6, shown.height + LETTERS // 2)
    ImageDraw.Draw(frame).text(place, caption, "black", font)

    return frame.quantize(64, dither=Image.Dither.NONE)
