"""Which backward pass a training takes."""

from typing import Literal

import torch

from diffeo.memory import Need
from diffeo.models.flow.flow import Flow
from diffeo.models.precision import low_precision_dtype
from diffeo.search.run import Backward
from diffeo.shapes import Data
from diffeo.training.fit import training_device

__all__ = ["MemoryMode", "choose_memory_mode", "in_memory_mode"]

MemoryMode = Literal["plain", "reversible"]
"""Whether a backward pass keeps all activations, or only outputs to recompute them."""


def in_memory_mode(flow: Flow, mode: MemoryMode) -> Flow:
    """Return a flow of the same parameters whose backward pass is of some mode.

    Raises:
        ValueError: If the flow has no such form.

    Example:
        >>> from diffeo.models.flow.recipes import Level, glow
        >>> flow = glow((1, 4, 4), [Level(steps=1, width=4)])
        >>> in_memory_mode(flow, "reversible").shape
        (1, 4, 4)
    """

    form = flow if mode == "plain" else flow.invertible()

    if form is None:
        raise ValueError(
            "a reversible backward pass needs a flow with invertible parts, got "
            f"{type(flow.bijection).__name__} without any"
        )

    return form


def choose_memory_mode(
    flow: Flow, x: Data, backward: Backward, device: str = "auto"
) -> MemoryMode:
    """Return the mode of a training; "auto" is plain where that fits into memory.

    Args:
        flow: What is to be trained, initialized.
        x: Data of one batch.
        backward: What is wished.
        device: Where it is trained; "auto" for a GPU if there is one.

    Example:
        >>> from diffeo.models.flow.recipes import Level, glow
        >>> flow = glow((1, 4, 4), [Level(steps=1, width=4)])
        >>> choose_memory_mode(flow, torch.zeros(2, 1, 4, 4), "plain")
        'plain'
    """

    if backward != "auto":
        return backward

    place = training_device(device)
    dtype, parameters = low_precision_dtype(place), list(flow.parameters())

    def work() -> None:
        with torch.autocast(x.device.type, dtype, enabled=dtype == torch.bfloat16):
            loss = flow.bits_per_dimension(x[:1]).mean()

        torch.autograd.grad(loss, parameters, allow_unused=True)

    return "plain" if Need.of(work, place).fits(len(x)) else "reversible"
