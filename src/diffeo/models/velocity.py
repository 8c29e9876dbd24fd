"""A U-Net of images and times, for velocity fields."""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffeo.models.sides import check_sides
from diffeo.models.zeroed import zeroed
from diffeo.shapes import Images, Maps, Scores

__all__ = ["VelocityUNet"]

FREQUENCIES, FASTEST = 32, 1000.0
GROUPS = 8


class VelocityUNet(nn.Module):
    """Velocities of images at times in [0, 1], zero at first.

    Pixels are first put together in squares of two by two. Residual blocks are scaled
    and shifted by what a perceptron makes of the time; the coarsest level attends to
    all of its places.

    Source: Ho, Jain and Abbeel, 2020, Denoising diffusion probabilistic models,
    Appendix B, in a smaller form.

    Args:
        channels: Channels of the images.
        widths: Channels of each level, finest first, multiples of eight; sides are
            divided by two before each.
        blocks: Residual blocks of each level, on the way down and on the way up.

    Example:
        >>> network = VelocityUNet(1, (8, 16), blocks=1)
        >>> network(torch.zeros(2, 1, 8, 8), torch.zeros(2)).shape
        torch.Size([2, 1, 8, 8])
    """

    def __init__(self, channels: int, widths: Sequence[int], *, blocks: int) -> None:
        super().__init__()
        inner = 4 * channels
        times = 4 * widths[0]
        self.time = nn.Sequential(
            nn.Linear(2 * FREQUENCIES, times), nn.SiLU(), nn.Linear(times, times)
        )
        self.first = nn.Conv2d(inner, widths[0], 3, padding=1)
        self.down = nn.ModuleList(
            nn.ModuleList(_Block(width, width, times) for _ in range(blocks))
            for width in widths
        )
        pairs = list(itertools.pairwise(widths))
        self.narrow = nn.ModuleList(
            nn.Conv2d(fine, coarse, 3, stride=2, padding=1) for fine, coarse in pairs
        )
        self.attention = _Attention(widths[-1])
        self.up = nn.ModuleList(
            nn.ModuleList(
                _Block(coarse + fine if block == 0 else fine, fine, times)
                for block in range(blocks)
            )
            for fine, coarse in reversed(pairs)
        )
        self.last = nn.Sequential(
            nn.GroupNorm(GROUPS, widths[0]),
            nn.SiLU(),
            zeroed(nn.Conv2d(widths[0], inner, 3, padding=1)),
        )

    def forward(self, x: Images, t: Scores) -> Images:
        """Return the velocities.

        Raises:
            ValueError: If the sides of the images cannot be halved so often.
        """

        check_sides(x.shape[2:], 2 ** len(self.down))
        time = self.time(_waves(t))
        hidden = self.first(functional.pixel_unshuffle(x, 2))
        skipped: list[Tensor] = []

        for level, blocks in enumerate(self.down):
            hidden = self.narrow[level - 1](hidden) if level else hidden
            hidden = _through(blocks, hidden, time)
            skipped.append(hidden)

        hidden = self.attention(skipped.pop())

        for blocks in self.up:
            wide = functional.interpolate(hidden, scale_factor=2.0)
            both = torch.cat((wide, skipped.pop()), dim=1)
            hidden = _through(blocks, both, time)

        velocity: Images = functional.pixel_shuffle(self.last(hidden), 2)

        return velocity.to(x.dtype)


class _Block(nn.Module):
    """Two convolutions, the second scaled and shifted by the time."""

    def __init__(self, inputs: int, outputs: int, times: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.GroupNorm(GROUPS, n) for n in (inputs, outputs))
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Linear(times, 2 * outputs)
        self.second = zeroed(nn.Conv2d(outputs, outputs, 3, padding=1))
        self.skip = (
            nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        )

    def forward(self, x: Maps, time: Tensor) -> Maps:
        scale, shift = self.time(time)[:, :, None, None].chunk(2, dim=1)
        hidden = self.first(functional.silu(self.norms[0](x)))
        hidden = self.norms[1](hidden) * (1 + scale) + shift
        found: Maps = self.skip(x) + self.second(functional.silu(hidden))

        return found


class _Attention(nn.Module):
    """Each place looks at all places."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, width)
        self.inputs = nn.Conv2d(width, 3 * width, 1)
        self.output = zeroed(nn.Conv2d(width, width, 1))

    def forward(self, x: Maps) -> Maps:
        places = self.inputs(self.norm(x)).flatten(2).mT.chunk(3, dim=2)
        seen = functional.scaled_dot_product_attention(*places)
        found: Maps = x + self.output(seen.mT.reshape(x.shape))

        return found


def _waves(t: Scores) -> Tensor:
    """Return sines and cosines of times, from slow to fast."""

    numbers = torch.arange(FREQUENCIES, dtype=t.dtype, device=t.device)
    speeds = torch.exp(math.log(FASTEST) * numbers / (FREQUENCIES - 1))
    angles = t[:, None] * speeds

    return torch.cat((angles.sin(), angles.cos()), dim=1)


def _through(blocks: nn.Module, hidden: Tensor, time: Tensor) -> Tensor:
    for block in blocks.children():
        hidden = block(hidden, time)

    return hidden
