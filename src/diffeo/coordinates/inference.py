"""The form of coordinates in which a search decodes: often, and for gradients alone."""

import torch
from torch import nn

from diffeo.codec import Codec
from diffeo.coordinates.protocol import Accelerated, Coordinates, Remembers
from diffeo.shapes import Data, Latent
from diffeo.without_grad import without_grad

__all__ = ["inference_form"]


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
        form = Codec(coordinates.encode, without_grad(_Decoder(coordinates)))

    return form


class _Decoder(nn.Module):
    def __init__(self, coordinates: Coordinates) -> None:
        super().__init__()
        self.coordinates = coordinates
        self.train(any(part.training for part in self.children()))

    def forward(self, z: Latent) -> Data:
        return self.coordinates.decode(z)
