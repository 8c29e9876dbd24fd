"""What it gains to propose steps in bfloat16, and what it changes."""

import torch

from benchmarks.fours import ratio, search_fours
from diffeo.search import Run

__all__ = ["measure"]

ROWS = 64
STEPS = 100
FULL = Run(steps=STEPS, batch_size=ROWS, precision="full")
HALF = Run(steps=STEPS, batch_size=ROWS, precision=torch.bfloat16)


def measure() -> dict[str, float]:
    """Return the gain in time, shares reached and the change of the results."""

    full, half = search_fours(ROWS, FULL), search_fours(ROWS, HALF)
    both = full.reached & half.reached
    gain = ratio(lambda: search_fours(ROWS, FULL), lambda: search_fours(ROWS, HALF))
    far = (half.latent - half.origin)[both].norm(dim=1).mean()
    near = (full.latent - full.origin)[both].norm(dim=1).mean()
    apart = (half.counterfactual - full.counterfactual)[both].flatten(1).norm(dim=1)

    return {
        "bfloat16_gain": gain,
        "bfloat16_reached": half.reached.double().mean().item(),
        "float32_reached": full.reached.double().mean().item(),
        "bfloat16_distance_ratio": (far / near).item(),
        "bfloat16_change": apart.mean().item(),
    }
