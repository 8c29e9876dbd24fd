"""Singular values and vectors of a decoder's Jacobian."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.geometry.products import Decode, jacobian, jvps, vjps
from diffeo.shapes import Latent

__all__ = ["Singular", "singular", "top_singular"]


class Singular(NamedTuple):
    """J = U diag(σ) Vᵀ of each row, or its leading part.

    The columns of U are the eigenvectors of the inverse induced metric γ⁻¹ = J Jᵀ, and
    the squares of σ its eigenvalues.

    Args:
        left: U, orthonormal directions in data made vectors.
        values: σ, largest first.
        right: V, orthonormal directions in coordinates.

    Example:
        >>> import torch
        >>> found = singular(lambda z: 3 * z, torch.zeros(1, 2))
        >>> found.left.shape, found.values.shape, found.right.shape
        (torch.Size([1, 2, 2]), torch.Size([1, 2]), torch.Size([1, 2, 2]))
    """

    left: Float[Tensor, "batch dimensions values"]
    values: Float[Tensor, "batch values"]
    right: Float[Tensor, "batch latent values"]


def singular(decode: Decode, z: Latent, *, chunk: int = 128) -> Singular:
    """Return all singular values and vectors, from the dense Jacobian.

    Source: Dombrowski et al., 2024, equation (23).

    Args:
        decode: Decoder from coordinates (batch, latent) to data (batch, ...), each row
            on its own.
        z: Coordinates at which the decoder is linearized, shape (batch, latent).
        chunk: Rows that are decoded together.

    Example:
        >>> import torch
        >>> stretch = torch.tensor([2.0, 0.5])
        >>> singular(lambda z: z * stretch, torch.zeros(1, 2)).values
        tensor([[2.0000, 0.5000]])
    """

    return _decompose(jacobian(decode, z, chunk=chunk))


def top_singular(
    decode: Decode,
    z: Latent,
    *,
    count: int,
    generator: torch.Generator,
    blocks: int = 5,
    chunk: int = 128,
) -> Singular:
    """Return the largest singular values and their vectors, matrix-free.

    Randomized block Krylov iteration multiplies the Jacobian with a few vectors only.
    Where the blocks would span all coordinates, the dense Jacobian is decomposed.

    Source: Musco and Musco, 2015, Randomized block Krylov methods for stronger and
    faster approximate singular value decomposition, Algorithm 2.

    Args:
        decode: Decoder from coordinates (batch, latent) to data (batch, ...), each row
            on its own.
        z: Coordinates at which the decoder is linearized, shape (batch, latent).
        count: Number of singular values wanted.
        generator: Random numbers for the first block of directions.
        blocks: Number of blocks of the Krylov space; more are slower and more accurate.
        chunk: Rows that are decoded together.

    Raises:
        ValueError: If the coordinates have fewer dimensions than `count`.

    Example:
        >>> import torch
        >>> stretch = torch.tensor([2.0, 0.5])
        >>> generator = torch.Generator().manual_seed(0)
        >>> decode, z = lambda z: z * stretch, torch.zeros(1, 2)
        >>> top_singular(decode, z, count=1, generator=generator).values
        tensor([[2.]])
    """

    latent = z.shape[1]

    if not 1 <= count <= latent:
        raise ValueError(f"count must be from 1 to {latent}, got {count}")

    width = count + max(10, count // 5)

    if width * blocks >= latent:
        found = singular(decode, z, chunk=chunk)

        return Singular(*(part[..., :count] for part in found))

    start = torch.randn(
        latent, width, generator=generator, dtype=z.dtype, device=z.device
    )
    basis = torch.linalg.qr(start.expand(len(z), -1, -1)).Q
    image = jvps(decode, z, basis, chunk=chunk)
    newest = image

    for _ in range(blocks - 1):
        block = vjps(decode, z, newest, chunk=chunk)
        block = _orthonormal(block, basis)
        newest = jvps(decode, z, block, chunk=chunk)
        basis = torch.cat((basis, block), dim=2)
        image = torch.cat((image, newest), dim=2)

    image, triangle = torch.linalg.qr(image)  # of few columns, which is faster
    found = _decompose(triangle)

    return Singular(
        image @ found.left[..., :count],
        found.values[:, :count],
        basis @ found.right[..., :count],
    )


def _decompose(matrix: Tensor) -> Singular:
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)

    return Singular(left, values, right.mT)


def _orthonormal(block: Tensor, basis: Tensor) -> Tensor:
    """Return an orthonormal block orthogonal to the basis; twice is enough."""

    for _ in range(2):
        block = torch.linalg.qr(block - basis @ (basis.mT @ block)).Q

    return block
