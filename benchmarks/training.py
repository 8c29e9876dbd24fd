"""One training step against Glow built from normflows."""

import torch
from torch import Tensor, nn

from benchmarks.flows import Size, glow_of, normflows_glow
from benchmarks.timing import interleaved, ratio
from diffeo.models.precision import low_precision_dtype

__all__ = ["training"]

BATCH = 16


def training() -> dict[str, float]:
    """Return how many times faster the loss and its gradient are than with normflows.

    Ours runs its convolutions in bfloat16 where the processor has units for it, as its
    trainings do, and in float32 for `_float32`.
    """

    size = Size()
    ours = glow_of(size).train()
    ours.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    theirs = normflows_glow(size).train()
    x = torch.rand(
        BATCH, 3, size.side, size.side, generator=torch.Generator().manual_seed(0)
    )
    rough = low_precision_dtype(x.device)

    def quick() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=rough == torch.bfloat16):
            return -ours.log_prob(x).mean()

    seconds = interleaved(
        {
            "fast": lambda: _descend(ours, quick()),
            "exact": lambda: _descend(ours, -ours.log_prob(x).mean()),
            "theirs": lambda: _descend(theirs, theirs.forward_kld(x)),  # type: ignore[operator]
        }
    )

    return {
        "train_vs_normflows": ratio(seconds["theirs"], seconds["fast"]),
        "train_vs_normflows_float32": ratio(seconds["theirs"], seconds["exact"]),
    }


def _descend(model: nn.Module, loss: Tensor) -> None:
    model.zero_grad()
    loss.backward()
