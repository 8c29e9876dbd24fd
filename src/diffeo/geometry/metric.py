"""The inverse metric that coordinates induce on data: γ⁻¹ = J Jᵀ."""

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.geometry.products import Decode, jacobian, jvp, vjp
from diffeo.shapes import Data, Latent, Scores

__all__ = ["contract", "eigenvalues", "inverse_metric", "log_volume"]


def inverse_metric(
    decode: Decode, z: Latent, *, chunk: int = 128
) -> Float[Tensor, "batch dimensions dimensions"]:
    """Return the dense γ⁻¹ of each row, the data made vectors.

    Source: Dombrowski et al., 2024, equation (14).

    Args:
        decode: From coordinates to data, each row on its own.
        z: Where.
        chunk: How many rows are decoded at once.
    """

    factor = jacobian(decode, z, chunk=chunk)

    return factor @ factor.mT


def eigenvalues(
    decode: Decode, z: Latent, *, chunk: int = 128
) -> Float[Tensor, "batch values"]:
    """Return the eigenvalues of γ⁻¹ that can differ from zero, largest first.

    Args:
        decode: From coordinates to data, each row on its own.
        z: Where.
        chunk: How many rows are decoded at once.
    """

    values: Tensor = torch.linalg.svdvals(jacobian(decode, z, chunk=chunk))

    return values.square()


def contract(decode: Decode, z: Latent, gradient: Data) -> Data:
    """Return γ⁻¹ ∇ of each row without forming γ⁻¹.

    This is the direction in which data move when plain gradient ascent steps in the
    coordinates. Adam moves them along J D Jᵀ∇ with a diagonal D instead.

    Source: Dombrowski et al., 2024, equation (15).

    Args:
        decode: From coordinates to data, each row on its own.
        z: Where.
        gradient: Of any function of the data.
    """

    return jvp(decode, z, vjp(decode, z, gradient))


def log_volume(decode: Decode, z: Latent, *, chunk: int = 128) -> Scores:
    """Return ½ log det JᵀJ, the log of the volume that a unit of coordinates takes.

    For a flow this is the log-determinant of its decoder.

    Args:
        decode: From coordinates to data, each row on its own.
        z: Where.
        chunk: How many rows are decoded at once.
    """

    values = torch.linalg.svdvals(jacobian(decode, z, chunk=chunk))
    volume: Tensor = values.log().sum(1)

    return volume
