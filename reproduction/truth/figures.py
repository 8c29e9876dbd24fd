"""Squares and circles of which the large ones are a class, whatever their shape."""

from pathlib import Path

import torch
from torch import Tensor

from diffeo.shapes import Images
from reproduction.truth.measures import FIGURE, fill
from reproduction.truth.task import SIDE, Split, Task, between, either

__all__ = ["SIZE"]

EDGE = 2.0  # pixels over which a figure fades


def _nothing(split: Split, folder: Path | None, count: int) -> Images:  # noqa: ARG001
    """Return black images: figures are made of nothing."""

    return torch.zeros(count, 1, SIDE, SIDE)


def _figures(ground: Images, labels: Tensor, generator: torch.Generator) -> Images:
    count = len(labels)
    side = either(6.0, 14.0, labels, generator)  # of a square of as much area
    round_ones = torch.rand(count, 1, 1, 1, generator=generator) < 0.5
    bright = between(0.6, 1.0, count, generator)
    at = torch.arange(SIDE, dtype=torch.float32)
    down, across = (
        (line - between(11.0, 16.0, count, generator)).abs()
        for line in (at[:, None], at)
    )
    circle = side / torch.pi**0.5 - (down**2 + across**2).sqrt()
    square = side / 2 - torch.maximum(down, across)
    inside = torch.where(round_ones, circle, square)

    return ground + bright * (inside / EDGE + 0.5).clamp(0, 1)


SIZE = Task("size", {**FIGURE, "fill": fill}, _nothing, _figures)
"""Squares and circles of any brightness and place; the size decides."""
