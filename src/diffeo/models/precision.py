"""Precisions that processors are quick in."""

import torch

__all__ = ["low_precision_dtype"]


def low_precision_dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 where a processor has units for it, else float32.

    Args:
        device: Where the arithmetic is to be done.

    Example:
        >>> low_precision_dtype(torch.device("meta"))
        torch.float32
    """

    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported()
    else:
        able = device.type == "cpu" and _cpu_has_bfloat16_units()

    return torch.bfloat16 if able else torch.float32


def _cpu_has_bfloat16_units() -> bool:
    """Ask torch in the way that its version knows, of which older ones are private."""

    capabilities = getattr(torch.cpu, "get_capabilities", None)

    if capabilities is not None:
        units = capabilities()

        return bool(units.get("avx512_bf16") or units.get("amx_bf16"))

    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")

    return any(getattr(torch.cpu, name, bool)() for name in probes)
