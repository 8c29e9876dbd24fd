"""A sheet of what a generator makes of noise, the same at every call."""

import math
from pathlib import Path
from typing import cast

import torch
from torch import nn

from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.models.flow.flow import Flow
from diffeo.report.images import sheet, write_png

__all__ = ["draw_samples"]

SAMPLES, ACROSS = 32, 8


@torch.no_grad()
def draw_samples(model: nn.Module, path: Path) -> None:
    """Write images that coordinates decode from noise.

    Args:
        model: Coordinates of images, with the shape of one; a flow or a field.
        path: Of the picture.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from diffeo.zoo import Recipe
        >>> settings = {"shape": [1, 8, 8], "widths": [8, 16]}
        >>> place = Recipe("flow-matching", settings).build()
        >>> with TemporaryDirectory() as folder:
        ...     draw_samples(place, Path(folder, "samples.png"))
    """

    place = cast("Flow | FlowMatching", model)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(SAMPLES, math.prod(place.shape), generator=generator)
    made = place.decode(noise.to(next(place.parameters()))).nan_to_num().clamp(0, 1)
    write_png(sheet(made.float(), across=ACROSS), path)
