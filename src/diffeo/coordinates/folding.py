"""Coordinates made ready for a search."""

import torch

from diffeo.coordinates.protocol import Coordinates, Foldable

__all__ = ["folded", "rough_dtype"]


def folded(coordinates: Coordinates, dtype: torch.dtype | None = None) -> Coordinates:
    """Return coordinates that decode the same data, faster where they know how.

    Their parameters should not change as long as what is returned is used.

    Args:
        coordinates: Any; those that cannot be folded are returned as they are.
        dtype: Precision of the networks inside, if not the coordinates' own. A lower
            one is for proposing steps: the data are the same to that precision only.
    """

    if isinstance(coordinates, Foldable):
        return coordinates.folded(dtype)

    return coordinates


def rough_dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 where a processor has units for it, else float32."""

    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported()
    else:
        units = torch.cpu.get_capabilities()
        able = units.get("avx512_bf16", False) or units.get("amx_bf16", False)

    return torch.bfloat16 if able else torch.float32
