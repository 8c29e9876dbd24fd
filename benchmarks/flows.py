"""The same Glow from three libraries, with weights that keep all values moderate."""

import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import FrEIA.framework as freia
import FrEIA.modules as freia_modules
import normflows
import torch
from torch import Tensor, nn

from diffeo.arithmetic import multiply_adds
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.flow import Flow
from diffeo.models.flow.multiscale import MultiscaleSplit
from diffeo.models.flow.networks import PlainConvolutions
from diffeo.models.flow.recipes import Level, Networks, glow

__all__ = [
    "FreiaGlow",
    "Size",
    "glow_of",
    "latents",
    "noise",
    "normflows_glow",
    "packed",
    "pull",
    "work_of",
]

Decode = Callable[[list[Tensor]], Tensor]


class Size(NamedTuple):
    """How large a Glow of three-channel images is."""

    side: int = 64
    levels: int = 3
    steps: int = 8
    width: int = 128


def latents(size: Size) -> list[tuple[int, int, int]]:
    """Return the shapes of the latents, the coarsest first."""

    shapes = [
        (3 * 2 ** (level + 1), size.side >> level + 1, size.side >> level + 1)
        for level in range(size.levels)
    ]
    channels, *sides = shapes[-1]

    return [(2 * channels, sides[0], sides[1]), *reversed(shapes[:-1])]


def glow_of(size: Size, networks: Networks = PlainConvolutions) -> Flow:
    """Return ours, initialized with noise.

    It goes without the map of single pixels, which theirs lack. The priors of its
    scales get the least of networks: theirs do not depend on the rest at all, and all
    are to have the same work.
    """

    levels = [Level(size.steps, size.width)] * size.levels
    flow = glow((3, size.side, size.side), levels, bins=0, networks=networks)
    generator = torch.Generator().manual_seed(0)

    for part in flow.modules():
        if isinstance(part, MultiscaleSplit):
            part.network = nn.Conv2d(part.leaves[0], 2 * part.leaves[0], 1)

    _stir(flow)
    initialize(flow, torch.rand(1, 3, size.side, size.side, generator=generator))

    return flow.eval()


def normflows_glow(size: Size) -> nn.Module:
    """Return that of normflows: `forward_and_log_det` decodes, `log_prob` encodes."""

    warnings.filterwarnings("ignore", message="torch.lu is deprecated")
    bases, merges, flows = [], [], []

    for level, shape in enumerate(latents(size)):
        channels = 3 * 2 ** (size.levels + 1 - level)
        blocks = [
            normflows.flows.GlowBlock(channels, size.width) for _ in range(size.steps)
        ]
        flows.append([*blocks, normflows.flows.Squeeze()])
        bases.append(normflows.distributions.DiagGaussian(shape, trainable=False))

        if level > 0:
            merges.append(normflows.flows.Merge())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logit = normflows.transforms.Logit(0.05)
        model = normflows.MultiscaleFlow(bases, flows, merges, logit, class_cond=False)

    for value in model.parameters():
        if value.ndim == 4 and not value.any():
            nn.init.normal_(value, std=0.02)

    for name, value in model.named_buffers():
        if name.endswith("data_dep_init_done"):
            value.fill_(1.0)

    channels_last: nn.Module = model.eval().to(memory_format=torch.channels_last)

    return channels_last


class FreiaGlow(nn.Module):
    """That of FrEIA: normalization, 1×1 mixing and coupling in one block."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.scales = nn.ModuleList()

        for level in range(size.levels):
            side = size.side >> level
            scale = freia.SequenceINN(3 * 2**level, side, side)
            scale.append(freia_modules.IRevNetDownsampling)

            for _ in range(size.steps):
                scale.append(
                    freia_modules.AllInOneBlock,
                    subnet_constructor=lambda a, b: PlainConvolutions(
                        a, b, width=size.width
                    ),
                    permute_soft=True,
                )

            self.scales.append(scale)

        _stir(self)

    def decode(self, z: Sequence[Tensor]) -> Tensor:
        """Return images of latents, the coarsest first."""

        x, *rest = z

        for scale in reversed(self.scales):
            x, _ = scale(x, rev=True, jac=False)

            if rest:
                x = torch.cat((x, rest.pop(0)), dim=1)

        return torch.sigmoid(x)


def _stir(flow: nn.Module) -> None:
    """Give the networks that begin as zero weights that do something."""

    for part in flow.modules():
        if isinstance(part, PlainConvolutions):
            nn.init.normal_(part.last.weight, std=0.02)


def pull(decode: Decode, z: Sequence[Tensor]) -> list[Tensor]:
    """Take one search step's work: decode, a loss, and its gradient in the latents."""

    z = [value.detach().clone().requires_grad_() for value in z]
    loss = decode(z).square().sum()

    return list(torch.autograd.grad(loss, z))


def work_of(decode: Decode, z: Sequence[Tensor]) -> float:
    """Return the multiply-adds of decoding one image.

    A gradient in the latents takes as many again.
    """

    return multiply_adds(lambda: decode(list(z))) / len(z[0])


def packed(z: Sequence[Tensor]) -> Tensor:
    """Return the latents as one vector for each row."""

    return torch.cat([value.flatten(1) for value in z], dim=1)


def noise(size: Size, batch: int) -> list[Tensor]:
    """Return latents drawn from half a standard normal."""

    generator = torch.Generator().manual_seed(0)

    return [
        0.5
        * torch.randn(batch, *shape, generator=generator).contiguous(
            memory_format=torch.channels_last
        )
        for shape in latents(size)
    ]
