"""The backward pass that fits into memory: the plain one where it can."""

import torch
from torch import Tensor

from diffeo.models.flow.density import Flow
from diffeo.models.flow.reversible import reversible
from diffeo.shapes import Latent

__all__ = ["fitting", "kept_bytes"]

SHARE = 0.6  # of what is available; the rest is for what comes and goes in between


def fitting(flow: Flow, z: Latent, *, available: int) -> Flow:
    """Return the flow if a decode and its backward fit, else its reversible like.

    Args:
        flow: What is to decode.
        z: Coordinates of as many rows as are to be decoded together.
        available: Bytes that may be used.
    """

    needed = len(z) * kept_bytes(flow, z[:1])

    return flow if needed <= SHARE * available else reversible(flow)


def kept_bytes(flow: Flow, z: Latent) -> int:
    """Return what one decode keeps for its backward, parameters aside.

    Args:
        flow: What decodes.
        z: The coordinates to decode.
    """

    own = {value.untyped_storage().data_ptr() for value in flow.parameters()}
    kept: dict[int, Tensor] = {}

    def note(value: Tensor) -> Tensor:
        kept[value.untyped_storage().data_ptr()] = value

        return value

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(note, _same):
        data = flow.decode(z.detach().requires_grad_())

    del data

    return sum(
        value.untyped_storage().nbytes()
        for place, value in kept.items()
        if place not in own
    )


def _same(value: Tensor) -> Tensor:
    return value
