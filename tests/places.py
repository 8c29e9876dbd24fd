"""Coordinates, and places in them, over which the laws of geometry run."""

from dataclasses import dataclass

import torch
from torch import Tensor

from diffeo.coordinates.identity import Identity
from diffeo.coordinates.linear import principal_axes
from diffeo.coordinates.protocol import Coordinates
from diffeo.coordinates.zuko import ZukoFlow
from diffeo.models.affine_spline import affine_spline
from diffeo.models.flow.recipes import realnvp
from laws import SHAPE, disturb, images, tiny_flow


@dataclass(frozen=True)
class Place:
    """Coordinates and two points in them."""

    coordinates: Coordinates
    z: Tensor


def zuko_flow() -> ZukoFlow:
    """A disturbed flow of vectors in double precision."""

    flow = ZukoFlow(affine_spline((2, 0, 1, 3), bins=4, hidden=(8,)))
    disturb(flow)

    return flow.double().eval().requires_grad_(requires_grad=False)


def places() -> dict[str, Place]:
    """One place for every kind of coordinates."""

    kinds: dict[str, tuple[Coordinates, int]] = {
        "identity": (Identity(SHAPE), 16),
        "linear": (principal_axes(images(64), count=6), 6),
        "glow": (tiny_flow(), 16),
        "realnvp": (tiny_flow(realnvp), 16),
        "zuko": (zuko_flow(), 4),
    }
    generator = torch.Generator().manual_seed(7)

    return {
        name: Place(
            coordinates,
            0.5 * torch.randn(2, size, generator=generator, dtype=torch.float64),
        )
        for name, (coordinates, size) in kinds.items()
    }


PLACES = places()
