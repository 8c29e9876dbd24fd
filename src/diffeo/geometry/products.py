"""Products with the Jacobian of a decoder, without the Jacobian and with it."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.shapes import Data, Latent

__all__ = ["Decode", "Jacobian", "jacobian", "jvp", "jvps", "vjp", "vjps"]

Decode = Callable[[Latent], Data]
Jacobian = Float[Tensor, "batch dimensions latent"]
LatentColumns = Float[Tensor, "batch latent columns"]
DataColumns = Float[Tensor, "batch dimensions columns"]


def jvp(decode: Decode, z: Latent, direction: Latent) -> Data:
    """Return J v of each row: how the data move when the coordinates do.

    Args:
        decode: From coordinates to data, each row on its own.
        z: Where.
        direction: A v for each row.
    """

    moved: Data = torch.func.jvp(decode, (z.detach(),), (direction,))[1]

    return moved.detach()


def vjp(decode: Decode, z: Latent, covector: Data) -> Latent:
    """Return Jᵀ u of each row: a gradient in data carried to the coordinates.

    Args:
        decode: From coordinates to data, each row on its own.
        z: Where.
        covector: A u for each row, of the data's shape.
    """

    pull = torch.func.vjp(decode, z.detach())[1]
    pulled: Latent = pull(covector)[0]

    return pulled.detach()


def jvps(
    decode: Decode, z: Latent, directions: LatentColumns, *, chunk: int = 128
) -> DataColumns:
    """Return J V of each row, for a V with many columns.

    Args:
        decode: From coordinates to data, each row on its own.
        z: Where.
        directions: The columns of V, as long as the coordinates.
        chunk: How many rows are decoded at once.
    """

    return _each(directions, lambda rows, v: jvp(decode, z[rows], v).flatten(1), chunk)


def vjps(
    decode: Decode, z: Latent, covectors: DataColumns, *, chunk: int = 128
) -> LatentColumns:
    """Return Jᵀ U of each row, for a U with many columns.

    Args:
        decode: From coordinates to data, each row on its own.
        z: Where.
        covectors: The columns of U, as long as a datum made a vector.
        chunk: How many rows are decoded at once.
    """

    shape = _shape(decode, z)

    return _each(
        covectors,
        lambda rows, u: vjp(decode, z[rows], u.reshape(-1, *shape)),
        chunk,
    )


def jacobian(decode: Decode, z: Latent, *, chunk: int = 128) -> Jacobian:
    """Return the dense Jacobian ∂decode/∂z of each row, the data made vectors.

    Args:
        decode: From coordinates to data, each row on its own.
        z: Where.
        chunk: How many rows are decoded at once.
    """

    axes = torch.eye(z.shape[1], dtype=z.dtype, device=z.device)

    return jvps(decode, z, axes.expand(len(z), -1, -1), chunk=chunk)


def _each(
    columns: Float[Tensor, "batch before columns"],
    rule: Callable[[Tensor, Tensor], Tensor],
    chunk: int,
) -> Float[Tensor, "batch after columns"]:
    """Apply a rule to pairs of a row and one of its columns, a chunk at a time."""

    rows, _, many = columns.shape
    flat = columns.transpose(1, 2).flatten(0, 1)
    pairs = torch.arange(rows * many, device=columns.device)
    parts = torch.split(pairs, chunk)
    done = torch.cat([rule(part // many, flat[part]) for part in parts])

    return done.reshape(rows, many, -1).transpose(1, 2)


@torch.no_grad()
def _shape(decode: Decode, z: Latent) -> tuple[int, ...]:
    return tuple(decode(z[:1]).shape[1:])
