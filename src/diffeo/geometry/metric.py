"""The inverse metric that coordinates induce on data: γ⁻¹ = J Jᵀ."""

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.geometry.products import Decode, jacobian, jvp, vjp
from diffeo.shapes import Data, Latent

__all__ = ["contract", "eigenvalues"]


def eigenvalues(decode: Decode, z: Latent) -> Float[Tensor, "batch values"]:
    """Return the eigenvalues of γ⁻¹ that can differ from zero, largest first.

    Args:
        decode: Decoder from coordinates (batch, latent) to data (batch, ...), each row
            on its own.
        z: Coordinates at which the decoder is linearized, shape (batch, latent).

    Example:
        >>> import torch
        >>> stretch = torch.tensor([2.0, 0.5])
        >>> eigenvalues(lambda z: z * stretch, torch.zeros(1, 2))
        tensor([[4.0000, 0.2500]])
    """

    values: Tensor = torch.linalg.svdvals(jacobian(decode, z))

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
