"""A flow of vectors from zuko's parts, for data however thin."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import nn
from zuko.distributions import DiagNormal
from zuko.flows.autoregressive import MaskedAutoregressiveTransform
from zuko.lazy import Flow, LazyTransform, UnconditionalDistribution
from zuko.transforms import MonotonicAffineTransform, MonotonicRQSTransform

from diffeo.models.seeded import seeded

__all__ = ["affine_spline"]


def affine_spline(
    order: Sequence[int],
    *,
    pairs: int = 2,
    alternate: bool = False,
    passes: int | None = None,
    bins: int = 16,
    hidden: Sequence[int] = (64, 64),
    seed: int = 0,
) -> Flow:
    """Return an untrained autoregressive flow: an affine map, a spline, and again.

    The affine maps find the data, however thin; the splines shape the density. In one
    order throughout, the flow is triangular: the first feature alone decides the first
    coordinate.

    Source: Papamakarios, Pavlakou and Murray, 2017, Masked autoregressive flow; Durkan,
    Bekasov, Murray and Papamakarios, 2019, Neural spline flows.

    Args:
        order: The rank of each feature; it depends on those of lower ranks.
        pairs: Number of pairs of an affine map and a spline.
        alternate: Whether the splines take the features in the opposite order.
        passes: Number of groups of features, in order, that depend on each other only
            between groups: decoding takes as many passes. As many as features if None.
        bins: Pieces of each spline.
        hidden: Widths of the hidden layers.
        seed: Seed of the initial weights.

    Example:
        >>> flow = affine_spline(range(3), hidden=(8,))
        >>> flow().log_prob(torch.zeros(2, 3)).shape
        torch.Size([2])
    """

    features, ranks = len(order), torch.tensor(order)
    layer = partial(
        MaskedAutoregressiveTransform,
        features,
        passes=passes,
        hidden_features=tuple(hidden),
        activation=nn.SiLU,
    )
    affine = partial(
        layer,
        order=ranks,
        univariate=partial(MonotonicAffineTransform, slope=1e-4),
        shapes=[(), ()],
    )
    spline = partial(
        layer,
        order=features - 1 - ranks if alternate else ranks,
        univariate=MonotonicRQSTransform,
        shapes=[(bins,), (bins,), (bins - 1,)],
    )

    with seeded(seed):
        parts: list[LazyTransform] = [
            part() for _ in range(pairs) for part in (affine, spline)
        ]

    base = UnconditionalDistribution(
        DiagNormal, torch.zeros(features), torch.ones(features), buffer=True
    )

    return Flow(parts, base)
