"""What it costs to land on the target, and what it gains."""

from torch import Tensor

from benchmarks.fours import ratio, search_fours
from diffeo.counterfactuals import Counterfactuals
from diffeo.search import Run

__all__ = ["measure"]

ROWS = 64
ROUGH, FINE = Run(batch_size=ROWS, line_search_steps=0), Run(batch_size=ROWS)


def measure() -> dict[str, float]:
    """Return the share of time added, and distances in Z and X over those without."""

    rough, fine = search_fours(ROWS, ROUGH), search_fours(ROWS, FINE)
    both = rough.reached & fine.reached
    fine, rough = fine.select(both), rough.select(both)
    cost = ratio(lambda: search_fours(ROWS, FINE), lambda: search_fours(ROWS, ROUGH))

    return {
        "refinement_cost": cost - 1,
        "refinement_gain": _in_latent(fine) / _in_latent(rough),
        "refinement_gain_data": _in_data(fine) / _in_data(rough),
        "refinement_margin": (fine.margin.median() / rough.margin.median()).item(),
    }


def _in_latent(record: Counterfactuals) -> float:
    return _mean_length(record.latent - record.origin)


def _in_data(record: Counterfactuals) -> float:
    return _mean_length(record.counterfactual - record.factual)


def _mean_length(away: Tensor) -> float:
    length: float = away.flatten(1).norm(dim=1).mean().item()

    return length
