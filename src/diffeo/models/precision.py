"""Precisions that processors are quick in."""

import torch

__all__ = ["low_precision_dtype"]


def low_precision_dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 where a processor has units for it, else float32."""

    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported()
    else:
        units = torch.cpu.get_capabilities()
        able = units.get("avx512_bf16", False) or units.get("amx_bf16", False)

    return torch.bfloat16 if able else torch.float32
