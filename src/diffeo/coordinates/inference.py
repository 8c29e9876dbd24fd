"""The form of coordinates in which a search decodes: often, and for gradients alone."""

from dataclasses import dataclass

import torch
from torch import nn

from diffeo.coordinates.protocol import Accelerated, Coordinates, Remembers
from diffeo.shapes import Data, Latent, Model
from diffeo.without_grad import without_grad

__all__ = ["DecodedBy", "inference_form"]


def inference_form(
    coordinates: Coordinates,
    *,
    dtype: torch.dtype | None = None,
    invertible: bool = False,
) -> Coordinates | None:
    """Return the form of coordinates for decoding often, or None if there is none.

    Its parameters are those of now and need no gradient. A module that knows no such
    form has one all the same, itself with its parameters detached, but none of lower
    precision or with an invertible backward pass, and none if it remembers its rows.

    Args:
        coordinates: Where a search moves; they stay as they are.
        dtype: Precision of the heavy arithmetic; that of the parameters if not given,
            with which both forms decode the same up to rounding.
        invertible: Whether the backward pass keeps only its output and recomputes what
            decoding passed through.

    Example:
        >>> from diffeo import Identity
        >>> inference_form(Identity((1, 2, 2))) is None
        True
    """

    form: Coordinates | None = None

    if isinstance(coordinates, Accelerated):
        form = coordinates.inference(dtype=dtype, invertible=invertible)

    plain = dtype is None and not invertible and not isinstance(coordinates, Remembers)

    if form is None and plain and isinstance(coordinates, nn.Module):
        form = DecodedBy(coordinates, without_grad(_Decoder(coordinates)))

    return form


@dataclass(frozen=True, eq=False)
class DecodedBy:
    """Coordinates that encode as others do and are decoded by a function.

    Args:
        coordinates: What encodes.
        decoder: From coordinates to data.

    Example:
        >>> from diffeo import Identity
        >>> DecodedBy(Identity((2,)), torch.exp).decode(torch.zeros(1, 2))
        tensor([[1., 1.]])
    """

    coordinates: Coordinates
    decoder: Model

    def encode(self, x: Data) -> Latent:
        """Return the coordinates of data."""

        return self.coordinates.encode(x)

    def decode(self, z: Latent) -> Data:
        """Return what the function makes of coordinates."""

        return self.decoder(z)


class _Decoder(nn.Module):
    def __init__(self, coordinates: Coordinates) -> None:
        super().__init__()
        self.coordinates = coordinates

    def forward(self, z: Latent) -> Data:
        return self.coordinates.decode(z)
