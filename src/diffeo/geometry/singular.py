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
        left: U, directions in data made vectors.
        values: σ, largest first.
        right: V, directions in coordinates.
    """

    left: Float[Tensor, "batch dimensions values"]
    values: Float[Tensor, "batch values"]
    right: Float[Tensor, "batch latent values"]


def singular(decode: Decode, z: Latent, *, chunk: int = 128) -> Singular:
    """Return all singular values and vectors, from the dense Jacobian.

    Source: Dombrowski et al., 2024, equation (23).

    Args:
        decode: From coordinates to data, each row on its own.
        z: Where.
        chunk: How many rows are decoded at once.
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

    The Jacobian is only ever multiplied with a few vectors: randomized block Krylov
    iteration. It is dense once the blocks span all coordinates.

    Source: Musco and Musco, 2015, Randomized block Krylov methods for stronger and
    faster approximate singular value decomposition, Algorithm 2.

    Args:
        decode: From coordinates to data, each row on its own.
        z: Where.
        count: How many values.
        generator: Of the first directions.
        blocks: Of the Krylov space; more are slower and more accurate.
        chunk: How many rows are decoded at once.

    Raises:
        ValueError: If there are not so many values.
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

    found = _decompose(image)
    right = basis @ found.right

    return Singular(
        found.left[..., :count], found.values[:, :count], right[..., :count]
    )


def _decompose(matrix: Tensor) -> Singular:
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)

    return Singular(left, values, right.mT)


def _orthonormal(block: Tensor, basis: Tensor) -> Tensor:
    """Return an orthonormal block orthogonal to the basis; twice is enough."""

    for _ in range(2):
        block = torch.linalg.qr(block - basis @ (basis.mT @ block)).Q

    return block
