"""A path as a moving picture, for slides."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from diffeo.report.path_frames import Reel

__all__ = ["write_animation"]

SIDE = 320  # pixels that the longer side of a picture has at least
LETTERS = 15  # pixels of the caption's height
STEP, REST = 70, 900  # milliseconds of a frame, and of both ends


def write_animation(reel: Reel, captions: Sequence[str], path: Path) -> None:
    """Write a GIF that goes from the factual to the counterfactual and back, forever.

    Args:
        reel: Images of one or three channels in [0, 1].
        captions: One for each frame, drawn below it as far as it fits.
        path: Of the file.

    Raises:
        ValueError: If the frames are not images, or the captions are not as many.
    """

    if reel.images.ndim != 4 or reel.images.shape[1] not in (1, 3):
        raise ValueError(
            "frames must be images of one or three channels, got "
            f"{tuple(reel.images.shape)}"
        )

    if len(captions) != len(reel.steps):
        raise ValueError(
            f"captions must be one for each of {len(reel.steps)} frames, got "
            f"{len(captions)}"
        )

    there = [
        _frame(image, caption)
        for image, caption in zip(reel.images, captions, strict=True)
    ]
    back = there[-2:0:-1]
    rests = [REST, *[STEP] * (len(there) - 2), REST][: len(there)]
    there[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=there[1:] + back,
        duration=rests + [STEP] * len(back),
        loop=0,
    )


def _frame(image: Tensor, caption: str) -> Image.Image:
    pixels = (image.clamp(0, 1) * 255).round().to(torch.uint8)
    shown = Image.fromarray(np.ascontiguousarray(_rgb(pixels).movedim(0, -1).numpy()))
    times = max(1, -(-SIDE // max(shown.size)))
    shown = shown.resize(
        (shown.width * times, shown.height * times), Image.Resampling.NEAREST
    )
    font = ImageFont.load_default(LETTERS)
    frame = Image.new("RGB", (shown.width, shown.height + 2 * LETTERS), "white")
    frame.paste(shown)
    pen = ImageDraw.Draw(frame)
    pen.text((6, shown.height + LETTERS // 2), caption, fill="black", font=font)

    return frame.quantize(64, dither=Image.Dither.NONE)


def _rgb(pixels: Tensor) -> Tensor:
    return pixels.cpu().expand(3, -1, -1) if len(pixels) == 1 else pixels.cpu()
