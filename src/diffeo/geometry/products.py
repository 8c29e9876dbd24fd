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
        decode: Decoder from coordinates (batch, latent) to data (batch, ...), each row
            on its own.
        z: Coordinates at which the decoder is linearized, shape (batch, latent).
        direction: The vector v of each row, shape (batch, latent).

    Example:
        >>> import torch
        >>> stretch = torch.tensor([2.0, 0.5])
        >>> jvp(lambda z: z * stretch, torch.zeros(1, 2), torch.ones(1, 2))
        tensor([[2.0000, 0.5000]])
    """

    moved: Data = torch.func.jvp(decode, (z.detach(),), (direction,))[1]

    return moved.detach()


def vjp(decode: Decode, z: Latent, covector: Data) -> Latent:
    """Return Jᵀ u of each row: a gradient in data carried to the coordinates.

    Args:
        decode: Decoder from coordinates (batch, latent) to data (batch, ...), each row
            on its own.
        z: Coordinates at which the decoder is linearized, shape (batch, latent).
        covector: The vector u of each row, of the data's shape.

    Example:
        >>> import torch
        >>> stretch = torch.tensor([2.0, 0.5])
        >>> vjp(lambda z: z * stretch, torch.zeros(1, 2), torch.ones(1, 2))
        tensor([[2.0000, 0.5000]])
    """

    pull = torch.func.vjp(decode, z.detach())[1]
    pulled: Latent = pull(covector)[0]

    return pulled.detach()


def jvps(
    decode: Decode, z: Latent, directions: LatentColumns, *, chunk: int = 128
) -> DataColumns:
    """Return J V of each row, for a V with many columns.

    Args:
        decode: Decoder from coordinates (batch, latent) to data (batch, ...), each row
            on its own.
        z: Coordinates at which the decoder is linearized, shape (batch, latent).
        directions: The matrix V of each row, shape (batch, latent, columns).
        chunk: Rows that are decoded together.

    Example:
        >>> import torch
        >>> stretch = torch.tensor([2.0, 0.5])
        >>> jvps(lambda z: z * stretch, torch.zeros(1, 2), torch.ones(1, 2, 3)).shape
        torch.Size([1, 2, 3])
    """

    rows, _, many = directions.shape
    flat = directions.transpose(1, 2).flatten(0, 1)
    pairs = torch.split(torch.arange(rows * many, device=z.device), chunk)
    moved = [jvp(decode, z[pair // many], flat[pair]).flatten(1) for pair in pairs]

    return torch.cat(moved).reshape(rows, many, -1).transpose(1, 2)


def vjps(
    decode: Decode, z: Latent, covectors: DataColumns, *, chunk: int = 128
) -> LatentColumns:
    """Return Jᵀ U of each row, for a U with many columns.

    The data are decoded once; only the backward pass runs for each column.

    Args:
        decode: Decoder from coordinates (batch, latent) to data (batch, ...), each row
            on its own.
        z: Coordinates at which the decoder is linearized, shape (batch, latent).
        covectors: The matrix U of each row, shape (batch, dimensions, columns).
        chunk: Columns that are multiplied together.

    Example:
        >>> import torch
        >>> stretch = torch.tensor([2.0, 0.5])
        >>> vjps(lambda z: z * stretch, torch.zeros(1, 2), torch.ones(1, 2, 3)).shape
        torch.Size([1, 2, 3])
    """

    found = torch.func.vjp(decode, z.detach())
    x, pull = found[0], found[1]

    def back(column: Tensor) -> Tensor:
        pulled: Tensor = pull(column.reshape(x.shape))[0]

        return pulled

    rule = torch.func.vmap(back, in_dims=2, out_dims=2, chunk_size=chunk)
    columns: Tensor = rule(covectors)

    return columns.detach()


def jacobian(decode: Decode, z: Latent, *, chunk: int = 128) -> Jacobian:
    """Return the dense Jacobian ∂decode/∂z of each row, the data made vectors.

    Args:
        decode: Decoder from coordinates (batch, latent) to data (batch, ...), each row
            on its own.
        z: Coordinates at which the decoder is linearized, shape (batch, latent).
        chunk: Rows of the Jacobian that are found together.

    Example:
        >>> import torch
        >>> stretch = torch.tensor([2.0, 0.5])
        >>> jacobian(lambda z: z * stretch, torch.zeros(1, 2))
        tensor([[[2.0000, 0.0000],
                 [0.0000, 0.5000]]])
    """

    with torch.no_grad():
        size = decode(z[:1]).numel()

    axes = torch.eye(size, dtype=z.dtype, device=z.device)

    return vjps(decode, z, axes.expand(len(z), -1, -1), chunk=chunk).mT
