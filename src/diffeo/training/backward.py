"""Which backward pass a training takes."""

from collections.abc import Callable
from typing import Literal

import torch

from diffeo.memory import Need
from diffeo.models.flow.flow import Flow
from diffeo.models.flow.reversible import reversible
from diffeo.models.precision import low_precision_dtype
from diffeo.run import Backward
from diffeo.shapes import Data
from diffeo.training.fit import training_device

__all__ = ["FORMS", "Form", "backward_that_fits", "plain"]

Form = Callable[[Flow], Flow]


def plain(flow: Flow) -> Flow:
    """Return the flow itself, which keeps all activations."""

    return flow


FORMS: dict[Literal["plain", "reversible"], Form] = {
    "plain": plain,
    "reversible": reversible,
}
"""What of a flow to train, by the name of its backward pass."""


def backward_that_fits(
    flow: Flow, x: Data, backward: Backward
) -> Literal["plain", "reversible"]:
    """Return a training's backward pass; "auto" is plain where that fits into memory.

    Args:
        flow: What is to be trained, initialized.
        x: Data of one batch.
        backward: What is wished.
    """

    if backward != "auto":
        return backward

    device = training_device()
    dtype, parameters = low_precision_dtype(device), list(flow.parameters())

    def work(rows: int) -> None:
        with torch.autocast(x.device.type, dtype, enabled=dtype == torch.bfloat16):
            loss = flow.bits_per_dimension(x[:rows]).mean()

        torch.autograd.grad(loss, parameters, allow_unused=True)

    return "plain" if Need.of(work, len(x), device).fits(len(x)) else "reversible"
