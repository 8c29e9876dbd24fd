"""The form of coordinates in which a search decodes."""

from dataclasses import replace

import torch
from torch import nn

from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.prepared import prepare
from diffeo.coordinates.protocol import Coordinates, Foldable, Reversible

__all__ = ["inference_form"]


def inference_form(
    coordinates: Coordinates,
    *,
    dtype: torch.dtype | None = None,
    invertible: bool = False,
) -> Coordinates | None:
    """Return the form of coordinates for decoding often, or None if there is none."""

    if isinstance(coordinates, Bounded):
        inner = inference_form(
            coordinates.coordinates, dtype=dtype, invertible=invertible
        )

        return None if inner is None else replace(coordinates, coordinates=inner)

    if isinstance(coordinates, Foldable):
        form = coordinates.folded(dtype)

        if not invertible:
            return form

        return form.reversible() if isinstance(form, Reversible) else None

    lossless = dtype is None and not invertible

    return (
        prepare(coordinates)
        if lossless and isinstance(coordinates, nn.Module)
        else None
    )
