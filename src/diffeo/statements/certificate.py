"""A lower bound of the distance to any counterfactual, by randomized smoothing."""

import math
from dataclasses import dataclass, field, replace

import torch

from diffeo.batching import backing_off
from diffeo.coordinates.inference import inference_form
from diffeo.coordinates.protocol import Coordinates, is_exact
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives import Objective
from diffeo.objectives.protocol import check_rows
from diffeo.progress import watch
from diffeo.search import DEFAULT_ASCENT
from diffeo.search.problem import Problem, Rows, select
from diffeo.settings import describe
from diffeo.shapes import Indices, Model, Scores
from diffeo.without_grad import without_grad

__all__ = ["Smoothing", "certify", "check_exact", "upper_bound"]

HALVINGS = 60


@dataclass(frozen=True)
class Smoothing:
    """How a model is smoothed in coordinates, and how surely a radius is known.

    Args:
        spread: Standard deviation of the Gaussian noise, in latent units.
        draws: Draws of the noise for each row.
        alpha: Probability that the radius of a row is too large.
        batch_size: Draws that are decoded together, as long as they fit into memory.
        seed: Seed of the noise, which is the same for all rows.
        progress: Whether to show a bar.

    Example:
        >>> Smoothing(draws=300).spread
        0.25
    """

    spread: float = 0.25
    draws: int = 1000
    alpha: float = 0.001
    batch_size: int = 100
    seed: int = 0
    progress: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        if not (0 < self.spread < math.inf and 0 < self.alpha < 1):
            raise ValueError(
                "spread must be positive and alpha between 0 and 1, got "
                f"{self.spread} and {self.alpha}"
            )

        if self.draws < 1 or self.batch_size < 1:
            raise ValueError(
                "draws and batch_size must be at least 1, got "
                f"{self.draws} and {self.batch_size}"
            )


@torch.no_grad()
def certify(
    record: Counterfactuals,
    model: Model,
    objective: Objective,
    coordinates: Coordinates,
    smoothing: Smoothing | None = None,
) -> Counterfactuals:
    """State a radius around each input in which there is no counterfactual.

    The smoothed model is at the target at z if, with probability above ½, the model is
    at z + σε, with ε standard normal. This probability is at most Φ(Φ⁻¹(p) + ‖δ‖/σ) at
    z + δ if it is p at z. So with a bound p̄ < ½ of it at the input, the smoothed model
    has no counterfactual within −σ Φ⁻¹(p̄) of this input in latent distance, and that
    is known with probability 1 − α for each row. It says nothing of the model itself.

    Source: Cohen, Rosenfeld and Kolter, 2019, Certified adversarial robustness via
    randomized smoothing, Theorem 1 and Section 3.2.2, for the event of being at the
    target.

    Args:
        record: Of a search in these coordinates.
        model: The model that was searched.
        objective: What was searched for: the target is where its margin is at least 0.
        coordinates: Where it was searched; they must lose nothing.
        smoothing: How to smooth; `Smoothing()` if not given.

    Returns:
        The record with the statement "certified_radius": 0 where p̄ is not below ½, and
        NaN where an input is not decoded from its coordinates.

    Raises:
        ValueError: If the coordinates are not exact, or not those of the record.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> x, goal, place = torch.zeros(1, 2), AtLeast(1.0), Identity((2,))
        >>> record = search(x, lambda x: x[:, 0], goal, place)
        >>> record = certify(record, lambda x: x[:, 0], goal, place)
        >>> round(record.statements["certified_radius"].item(), 2)
        0.62
    """

    smoothing = smoothing or Smoothing()

    check_exact(coordinates)
    form = inference_form(coordinates) or coordinates
    problem = Problem(without_grad(model), objective, form, DEFAULT_ASCENT)
    check_rows(objective, record.outputs_before, len(record))
    rows = problem.begin(record.factual, record.origin, None)
    again = replace(record, reconstruction=rows.reconstruction)

    if not again.exact.any():
        raise ValueError(
            "coordinates must decode the record's origins to its inputs, got data that "
            f"differ by {again.round_trip.min():.3g}: was it searched in others?"
        )

    hits = _hits(problem, rows, smoothing)
    bound = upper_bound(hits, smoothing.draws, smoothing.alpha)
    radius = (-smoothing.spread * torch.special.ndtri(bound)).clamp_min(0)
    known = radius.to(record.margin).where(again.exact, torch.nan)
    settings = {**record.settings, "smoothing": describe(smoothing)}

    return replace(record, settings=settings).stating({"certified_radius": known})


def check_exact(coordinates: Coordinates) -> None:
    """Refuse coordinates in which no distance can be certified.

    Args:
        coordinates: Any coordinates.

    Raises:
        ValueError: If they do not say that they lose nothing.

    Example:
        >>> from diffeo import Identity
        >>> check_exact(Identity((2,)))
    """

    if not is_exact(coordinates):
        raise ValueError(
            "coordinates must be exact to certify a distance, as those of a flow are, "
            f"got {describe(coordinates)['name']}, which do not say that they are"
        )


def upper_bound(hits: Indices, draws: int, alpha: float) -> Scores:
    """Return a bound of the probability of hits, too low with probability alpha.

    It is the probability with which so few hits have probability alpha.

    Source: Clopper and Pearson, 1934, The use of confidence or fiducial limits
    illustrated in the case of the binomial.

    Args:
        hits: How many draws of each row were hits.
        draws: How many draws there were of each.
        alpha: Probability that a bound is too low.

    Example:
        >>> upper_bound(torch.tensor([0, 2]), draws=2, alpha=0.25)
        tensor([0.5000, 1.0000], dtype=torch.float64)
    """

    count = torch.arange(draws + 1, dtype=torch.float64, device=hits.device)
    ways = math.lgamma(draws + 1) - (count + 1).lgamma() - (draws - count + 1).lgamma()
    low = torch.zeros(len(hits), 1, dtype=torch.float64, device=hits.device)
    high = torch.ones_like(low)

    for _ in range(HALVINGS):
        p = (low + high) / 2
        odds = torch.xlogy(count, p) + torch.special.xlog1py(draws - count, -p)
        fewer = (ways + odds).where(count <= hits[:, None], -torch.inf)
        too_low = fewer.logsumexp(1, keepdim=True) > math.log(alpha)
        low, high = p.where(too_low, low), high.where(too_low, p)

    return high[:, 0]


def _hits(problem: Problem, rows: Rows, smoothing: Smoothing) -> Indices:
    """Return how many draws around each input are at the target."""

    origin, draws = rows.origin, smoothing.draws
    generator = torch.Generator().manual_seed(smoothing.seed)
    noise = torch.randn(draws, origin.shape[1], generator=generator)
    shift = (smoothing.spread * noise).to(origin)
    hits = torch.zeros(len(origin), dtype=torch.long, device=origin.device)

    def count(part: slice) -> None:
        place = torch.arange(part.start, part.stop, device=origin.device)
        row, draw = place // draws, place % draws
        near = select(rows, row)
        point = problem.evaluate(near.origin + shift[draw], near)
        hits.index_add_(0, row, (problem.margin(point, near) >= 0).long())
        bar.update(part.stop)

    total = len(origin) * draws

    with watch("Certifying", total, shown=smoothing.progress) as bar:
        list(backing_off(count, total, smoothing.batch_size))

    return hits
