"""The Glow that normflows is made for, of no more than its own parts."""

import math
import warnings
from collections.abc import Sequence

import normflows
import torch
from torch import Tensor, nn

from diffeo.models.flow.recipes import Level
from diffeo.models.seeded import seeded

__all__ = ["plain_bits", "plain_glow", "start", "width_for"]

Shape = tuple[int, int, int]


def plain_glow(shape: Shape, levels: Sequence[Level]) -> nn.Module:
    """Return an untrained Glow with as many blocks and multiply-adds as ours.

    Args:
        shape: Channels, height and width of an image.
        levels: Those of ours, finest first.
    """

    warnings.filterwarnings("ignore", message="torch.lu is deprecated")
    channels, height, width = shape
    bases: list[nn.Module] = []
    flows: list[list[nn.Module]] = []

    with seeded(0):
        for number, level in enumerate(levels, 1):
            last = number == len(levels)
            channels, height, width = 4 * channels, height // 2, width // 2
            networks = level.steps + (not last)
            blocks = [
                normflows.flows.GlowBlock(
                    channels, width_for(level, channels, networks=networks)
                )
                for _ in range(level.steps)
            ]
            leaving = channels if last else channels // 2
            base = normflows.distributions.DiagGaussian((leaving, height, width))
            flows.insert(0, [*blocks, normflows.flows.Squeeze()])
            bases.insert(0, base)
            channels = channels - leaving

    model = normflows.MultiscaleFlow(
        bases,
        flows,
        [normflows.flows.Merge() for _ in levels[1:]],
        normflows.transforms.Logit(0.05),
        class_cond=False,
    )
    channels_last: nn.Module = model.to(memory_format=torch.channels_last)

    return channels_last


def start(model: nn.Module, x: Tensor) -> None:
    """Let the activation normalizations of a Glow read their scales off images.

    They do so at their first call.
    """

    with torch.no_grad():
        plain_bits(model, x)


def plain_bits(model: nn.Module, x: Tensor) -> Tensor:
    """Return bits per dimension of images dequantized as our flows take them.

    Such an image has its gray levels 1/255 apart and goes half of that beyond [0, 1];
    this Glow takes them 1/256 apart and within.
    """

    y = (255 * x + 0.5) / 256
    nats: Tensor = -model.log_prob(y, None) / math.prod(x.shape[1:])  # type: ignore[operator]

    return nats / math.log(2) + 8


def width_for(level: Level, channels: int, *, networks: int) -> int:
    """Return the hidden channels with which a level of theirs has the work of ours.

    With c channels and w hidden ones, their network of kernels 3, 1 and 3 has
    w² + 27 c w / 2 multiply-adds for each place, and our residual one has
    10 w² + 27 c w / 2 with one block.

    Args:
        level: Of ours.
        channels: Of its images.
        networks: Of ours in this level: one for each step, and one for the prior of
            what leaves at its end.
    """

    edges = 27 * channels / 2
    own = 10 * level.blocks * level.width**2 + edges * level.width
    work = own * networks / level.steps

    return round(math.sqrt((edges / 2) ** 2 + work) - edges / 2)
