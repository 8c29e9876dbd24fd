"""How often judges agree with a method, as a function of how much it changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.intervals import UNKNOWN, Interval
from diffeo.evaluation.judges import encode_8_bits
from diffeo.evaluation.oracles import Oracles
from diffeo.models.flow.flow import Flow
from reproduction.mnist.agreement import agreement

__all__ = ["Curve", "curve_of", "draws_of", "interval", "level_at", "reaches"]

Points = Float[Tensor, "confidences rows"]
Draws = Int[Tensor, "draws rows"]
RESAMPLES = 1000
ENDS = 0.025, 0.975


@dataclass(frozen=True, eq=False)
class Curve:
    """What a method makes of the same rows at growing confidences.

    Args:
        changes: By "data" and "latent" the length of the change, NaN where a row did
            not reach its target.
        agreed: By the name of a judge how far it agrees, NaN there too.
    """

    changes: Mapping[str, Points]
    agreed: Mapping[str, Points]

    @property
    def rows(self) -> int:
        """The number of rows."""

        return self.changes["data"].shape[1]

    def points(
        self, space: str, judge: str, rows: Draws
    ) -> tuple[Float[Tensor, "draws confidences"], Float[Tensor, "draws confidences"]]:
        """Return for each draw of the rows median changes and mean agreement.

        Args:
            space: "data" or "latent".
            judge: The name of a judge.
            rows: The rows of each draw.
        """

        change, agreed = self.changes[space], self.agreed[judge]
        median = change[:, rows].nanquantile(0.5, dim=-1)

        return median.T, agreed[:, rows].nanmean(-1).T


def curve_of(
    records: Sequence[Counterfactuals], flow: Flow, oracles: Oracles, target: int
) -> Curve:
    """Measure and judge the records of a method.

    Lengths in coordinates are between images rounded to 8 bits.

    Args:
        records: Of the same factuals, one for each confidence.
        flow: Where coordinates come from.
        oracles: The judges.
        target: The class aimed at.
    """

    origin = encode_8_bits(flow, records[0].factual)
    data, latent = [], []
    agreed: dict[str, list[Tensor]] = {}

    for record in records:
        away = (encode_8_bits(flow, record.counterfactual) - origin).norm(dim=1)
        missing = ~record.reached
        data.append(record.distance.masked_fill(missing, torch.nan))
        latent.append(away.masked_fill(missing, torch.nan))

        for judge, said in agreement(oracles, record.counterfactual, target).items():
            agreed.setdefault(judge, []).append(said.masked_fill(missing, torch.nan))

    return Curve(
        {"data": torch.stack(data), "latent": torch.stack(latent)},
        {judge: torch.stack(said) for judge, said in agreed.items()},
    )


def draws_of(rows: int) -> Draws:
    """Return all rows, and after them draws with replacement, always the same."""

    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(rows, (RESAMPLES, rows), generator=generator)

    return torch.cat((torch.arange(rows)[None], drawn))


def level_at(
    distance: float,
    change: Float[Tensor, "draws confidences"],
    agreed: Float[Tensor, "draws confidences"],
) -> Float[Tensor, " draws"]:
    """Return the agreement at a length of the change, between two confidences.

    It is NaN where all changes are longer, or shorter, or not a row arrived.

    Example:
        >>> level_at(2.0, torch.tensor([[1.0, 3.0]]), torch.tensor([[0.0, 1.0]]))
        tensor([0.5000])
    """

    curves = [
        _sorted(one, other)
        for one, other in zip(change.numpy(), agreed.numpy(), strict=True)
    ]
    found = [
        np.interp(distance, *curve, left=np.nan, right=np.nan)
        if len(curve[0])
        else np.nan
        for curve in curves
    ]

    return torch.tensor(found, dtype=change.dtype)


def reaches(
    level: float, change: Float[Tensor, " points"], agreed: Float[Tensor, " points"]
) -> float:
    """Return the smallest length of the change at which the agreement is so high.

    It is NaN if it never is.

    Example:
        >>> reaches(0.5, torch.tensor([1.0, 3.0]), torch.tensor([0.0, 1.0]))
        2.0
    """

    lengths, levels = _sorted(change.numpy(), agreed.numpy())

    if len(levels) and levels[0] >= level:
        return float(lengths[0])

    for (x, y), (to_x, to_y) in pairwise(zip(lengths, levels, strict=True)):
        if y < level <= to_y:
            return float(x + (to_x - x) * (level - y) / (to_y - y))

    return float("nan")


def interval(levels: Float[Tensor, " draws"]) -> Interval:
    """Return the first draw with the 95 percent interval of the others.

    Draws that have no number are left out; there is none at all if all the rows have
    none.
    """

    drawn = levels[1:][levels[1:].isfinite()]

    if not levels[0].isfinite() or len(drawn) == 0:
        return UNKNOWN

    low, high = drawn.quantile(drawn.new_tensor(ENDS)).tolist()

    return Interval(levels[0].item(), low, high, len(drawn))


def _sorted(change: np.ndarray, agreed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = np.isfinite(change) & np.isfinite(agreed)
    order = change[known].argsort(kind="stable")

    return change[known][order], agreed[known][order]
