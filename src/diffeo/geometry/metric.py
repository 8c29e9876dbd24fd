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
        decode: Decoder from coordinates (batch, latent) to data (batch, ...), each row
            on its own.
        z: Coordinates at which the decoder is linearized, shape (batch, latent).
        chunk: Rows that are decoded together.

    Example:
        >>> import torch
        >>> stretch = torch.tensor([2.0, 0.5])
        >>> inverse_metric(lambda z: z * stretch, torch.zeros(1, 2))
        tensor([[[4.0000, 0.0000],
                 [0.0000, 0.2500]]])
    """

    factor = jacobian(decode, z, chunk=chunk)

    return factor @ factor.mT


def eigenvalues(
    decode: Decode, z: Latent, *, chunk: int = 128
) -> Float[Tensor, "batch values"]:
    """Return the eigenvalues of γ⁻¹ that can differ from zero, largest first.

    Args:
        decode: Decoder from coordinates (batch, latent) to data (batch, ...), each row
            on its own.
        z: Coordinates at which the decoder is linearized, shape (batch, latent).
        chunk: Rows that are decoded together.

    Example:
        >>> import torch
        >>> stretch = torch.tensor([2.0, 0.5])
        >>> eigenvalues(lambda z: z * stretch, torch.zeros(1, 2))
        tensor([[4.0000, 0.2500]])
    """

    values: Tensor = torch.linalg.svdvals(jacobian(decode, z, chunk=chunk))

    return values.square()


def contract(decode: Decode, z: Latent, gradient: Data) -> Data:
    """Return γ⁻¹ ∇ of each row without forming γ⁻¹.

    This is the direction in which data move when plain gradient ascent steps in the
    coordinates. Adam moves them along J D Jᵀ∇ with a diagonal D instead.

    Source: Dombrowski et al., 2024, equation (15).

    Args:
        decode: Decoder from coordinates (batch, latent) to data (batch, ...), each row
            on its own.
        z: Coordinates at which the decoder is linearized, shape (batch, latent).
        gradient: Gradient of some function of the data, of the data's shape.

    Example:
        >>> import torch
        >>> stretch = torch.tensor([2.0, 0.5])
        >>> contract(lambda z: z * stretch, torch.zeros(1, 2), torch.ones(1, 2))
        tensor([[4.0000, 0.2500]])
    """

    return jvp(decode, z, vjp(decode, z, gradient))


def log_volume(decode: Decode, z: Latent, *, chunk: int = 128) -> Scores:
    """Return ½ log det JᵀJ, the log of the volume that a unit of coordinates takes.

    For a flow this is the log-determinant of its decoder.

    Args:
        decode: Decoder from coordinates (batch, latent) to data (batch, ...), each row
            on its own.
        z: Coordinates at which the decoder is linearized, shape (batch, latent).
        chunk: Rows that are decoded together.

    Example:
        >>> import torch
        >>> stretch = torch.tensor([2.0, 0.5])
        >>> log_volume(lambda z: z * stretch, torch.zeros(1, 2)).abs() < 1e-6
        tensor([True])
    """

    values = torch.linalg.svdvals(jacobian(decode, z, chunk=chunk))
    volume: Tensor = values.log().sum(1)

    return volume
