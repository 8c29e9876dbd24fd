"""Whole flows: chains of the parts and nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from torch import nn

from diffeo.models.flow.bijection import Bijection
from diffeo.models.flow.chain import Chain
from diffeo.models.flow.coupling import Coupling
from diffeo.models.flow.dequantization import BinCenter, Logit
from diffeo.models.flow.elementwise_spline import ElementwiseSpline
from diffeo.models.flow.flow import Flow
from diffeo.models.flow.layers import (
    ActivationNorm,
    InvertibleConvolution,
    Squeeze,
    Whiten,
)
from diffeo.models.flow.masks import Channels, Checkerboard, Mask, Shape
from diffeo.models.flow.multiscale import MultiscaleSplit
from diffeo.models.flow.networks import Convolutions
from diffeo.models.flow.transforms import Additive, Affine, Transform
from diffeo.models.seeded import seeded

__all__ = ["Level", "Networks", "glow", "realnvp"]


@dataclass(frozen=True)
class Level:
    """One scale of a flow, after its image has been squeezed to half the side.

    Args:
        steps: Couplings at this scale.
        width: Hidden channels of their networks.
        blocks: Residual blocks of their networks.
        split: Whether half of the channels become latent at the end of this scale; all
            do at the end of the last.

    Example:
        >>> Level(steps=8, width=64)
        Level(steps=8, width=64, blocks=1, split=True)
    """

    steps: int
    width: int
    blocks: int = 1
    split: bool = True


Networks = Callable[..., nn.Module]
"""Builds the network of a coupling from the arguments of `Convolutions`."""


def glow(
    shape: Shape,
    levels: Sequence[Level],
    *,
    affine: bool = True,
    bound: float = 3.0,
    bins: int = 48,
    seed: int = 0,
    networks: Networks = Convolutions,
) -> Flow:
    """Return an untrained Glow: normalization, 1×1 convolution, coupling, and again.

    Source: Kingma and Dhariwal, 2018, Glow, Section 3.

    Args:
        shape: Channels, height and width; the sides divisible by 2 to the levels.
        levels: The scales, finest first.
        affine: Whether the couplings scale as well as shift.
        bound: Greatest logarithm of a coupling's scales. Small ones keep decoding from
            diverging far from the data (Behrmann et al., 2021, Understanding and
            mitigating exploding inverses in invertible neural networks).
        bins: Pieces of the learned marginal map of single pixels; 0 for none.
        seed: Seed of the initial weights.
        networks: Builds the network of a coupling.

    Raises:
        ValueError: If the sides cannot be halved so often.

    Example:
        >>> flow = glow((1, 4, 4), [Level(steps=2, width=8), Level(steps=1, width=8)])
        >>> flow.shape
        (1, 4, 4)
    """

    transform: Transform = Affine(bound) if affine else Additive()
    build = partial(_build, networks, transform)

    def steps(shape: Shape, level: Level) -> list[Bijection]:
        return [
            part
            for _ in range(level.steps)
            for part in (
                ActivationNorm(shape[0]),
                InvertibleConvolution(shape[0]),
                Coupling(*build(Channels(), shape, level)),
            )
        ]

    with seeded(seed):
        return _flow(shape, levels, build, bins, lambda *_: [], steps)


def realnvp(
    shape: Shape, levels: Sequence[Level], *, bins: int = 48, seed: int = 0
) -> Flow:
    """Return an untrained RealNVP: checkerboard couplings, then channel couplings.

    Activation normalization takes the place of batch normalization.

    Source: Dinh, Sohl-Dickstein and Bengio, 2017, RealNVP, Sections 3.4 to 3.7.

    Args:
        shape: Channels, height and width; the sides divisible by 2 to the levels.
        levels: The scales, finest first, with their couplings before and again after
            the squeeze.
        bins: Pieces of the learned marginal map of single pixels; 0 for none.
        seed: Seed of the initial weights.

    Raises:
        ValueError: If the sides cannot be halved so often.

    Example:
        >>> flow = realnvp((1, 4, 4), [Level(steps=2, width=8)])
        >>> flow.shape
        (1, 4, 4)
    """

    build = partial(_build, Convolutions, Affine())

    def steps(
        mask: Callable[[bool], Mask], shape: Shape, level: Level
    ) -> list[Bijection]:
        return [
            part
            for step in range(level.steps)
            for part in (
                ActivationNorm(shape[0]),
                Coupling(*build(mask(step % 2 == 1), shape, level)),
            )
        ]

    fine, coarse = partial(steps, Checkerboard), partial(steps, Channels)

    with seeded(seed):
        return _flow(shape, levels, build, bins, fine, coarse)


Steps = Callable[[Shape, Level], list[Bijection]]
Build = Callable[[Mask, Shape, Level], tuple[Mask, Transform, nn.Module]]


def _flow(
    shape: Shape,
    levels: Sequence[Level],
    build: Build,
    bins: int,
    fine: Steps,
    coarse: Steps,
) -> Flow:
    """Return a flow with a recipe's steps before and after each squeeze."""

    halvings = 2 ** len(levels)

    if not levels or shape[1] % halvings or shape[2] % halvings:
        raise ValueError(
            f"shape must have sides divisible by 2 to the {len(levels)} levels, of "
            f"which there is at least one, got {shape}"
        )

    def scale(shape: Shape, levels: Sequence[Level]) -> Bijection:
        if not levels:
            return Whiten(shape)

        level, *rest = levels
        squeezed = (4 * shape[0], shape[1] // 2, shape[2] // 2)
        parts = [*fine(shape, level), Squeeze(), *coarse(squeezed, level)]

        if not (level.split and rest):
            return Chain([*parts, scale(squeezed, rest)])

        whitened, half = build(Channels(), squeezed, level), Channels().half(squeezed)

        return Chain([*parts, MultiscaleSplit(*whitened, scale(half, rest), half)])

    marginal = [ElementwiseSpline(shape[0], bins=bins)] if bins else []

    return Flow(Chain([BinCenter(), Logit(), *marginal, scale(shape, levels)]), shape)


def _build(
    networks: Networks, transform: Transform, mask: Mask, shape: Shape, level: Level
) -> tuple[Mask, Transform, nn.Module]:
    """Return a mask, a transform and its network, from one part to the other."""

    channels, *side = mask.half(shape)
    outputs = channels * transform.parameters_per_element
    network = networks(
        channels, outputs, side=tuple(side), width=level.width, blocks=level.blocks
    )

    return mask, transform, network
