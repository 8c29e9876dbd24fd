"""Section IV-A again, in coordinates of flow matching beside those of couplings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.ascents import NormalizedGradient
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.grids import times_towards_data
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.models.perceptron import perceptron
from diffeo.objectives import TargetClass
from diffeo.progress import track
from diffeo.search import Run, search
from diffeo.shapes import Scores
from diffeo.training.flow_matching import path_error
from diffeo.training.schedule import Schedule
from reproduction.experiment import (
    Experiment,
    ExperimentOptions,
    Findings,
    apply_rules,
    mean,
    median,
)
from reproduction.figures import saved
from reproduction.helix import figures, models
from reproduction.helix.data import distance, helix
from reproduction.helix.measures import measure_flow
from reproduction.helix.models import THICKNESS, FreshPoints
from reproduction.helix.theorem import family_results, make_family

__all__ = ["HELIX_COORDINATES", "fit_field"]

CONFIDENCE, STEP = 0.9, 0.05
STEPS, SPREAD = 16, 1.2  # Euler steps; standard deviation of the points
SOFTENED = 0.02  # added to the time that is left, so that a step can be inverted
THIN = 0.005  # the same where data are as thin as those that are searched
HIDDEN = 128, 128, 128
SCHEDULE = Schedule(rate=2e-3, warmup=100)
NAMES = {"flow_matching": "flow matching", "coupling": "couplings"}
SEARCH: Mapping[str, Callable[[Counterfactuals], float]] = {
    "helix_{}_reached": lambda record: mean(record.reached),
    "helix_{}_exact": lambda record: mean(record.exact),
    "helix_{}_distance_median": lambda record: median(distance(record.counterfactual)),
    "helix_{}_distance_worst": lambda record: (
        distance(record.counterfactual).max().item()
    ),
    "helix_{}_round_trip_error": lambda record: (
        (record.reconstruction - record.factual).abs().max().item()
    ),
    "helix_{}_steps_median": lambda record: median(record.steps),
}


@dataclass(frozen=True)
class Scale:
    """How large the experiment is.

    Args:
        searched: What the field that is searched is fitted to.
        thin: What fields of several thicknesses are fitted to, but for thickness.
        thicknesses: These thicknesses δ.
        searches: Number of searches.
        steps: Most steps of a search.
    """

    searched: FreshPoints
    thin: FreshPoints
    thicknesses: tuple[float, ...]
    searches: int
    steps: int


FULL = Scale(
    replace(models.FLOW, first=None, size=1024, steps=16 * models.EPOCH),
    FreshPoints(1500, size=1024),
    (0.2, 0.1, 0.05, 0.025),
    searches=1000,
    steps=1000,
)
QUICK = Scale(
    FreshPoints(30, size=64, thickness=THICKNESS),
    FreshPoints(8, size=16),
    (0.2, 0.1),
    searches=16,
    steps=60,
)


class Field(nn.Module):
    """Velocities towards where a network expects the data, in the time that is left."""

    def __init__(self, seed: int, softened: float) -> None:
        super().__init__()
        self.softened = softened
        self.expected = perceptron(4, 3, hidden=HIDDEN, seed=seed)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Return the velocities of points (batch, 3) at times (batch,)."""

        time = t[:, None]
        velocity: Tensor = self.expected(torch.cat((x, time), dim=1)) - x

        return velocity / (1 - time + self.softened)


def fit_field(points: FreshPoints, softened: float = SOFTENED) -> FlowMatching:
    """Return coordinates fitted to points by flow matching.

    Args:
        points: What to fit them to.
        softened: Added to the time that is left; what is thinner is fitted worse.
    """

    times = times_towards_data(STEPS)
    place = FlowMatching(Field(points.seed, softened), (3,), times=times, spread=SPREAD)
    generator = torch.Generator().manual_seed(points.seed)
    models.minimize(
        place,
        lambda _, x, labels: path_error(  # noqa: ARG005
            place, x, noise=0.0, generator=generator, times=_anytime
        ),
        points,
        SCHEDULE,
    )

    return place


def _anytime(rows: int, generator: torch.Generator) -> Scores:
    return torch.rand(rows, generator=generator)


def measure_helix_coordinates(options: ExperimentOptions) -> Findings:
    """Search the helix in both kinds of coordinates, and measure γ⁻¹ of the fields.

    Args:
        options: Whether to be quick.
    """

    scale = QUICK if options.quick else FULL
    field = fit_field(scale.searched, THIN)
    places: dict[str, Coordinates] = {
        "flow_matching": field,
        "coupling": models.shipped_flow(),
    }
    generator = torch.Generator().manual_seed(1)
    points = helix(scale.searches, thickness=THICKNESS, generator=generator).points
    run = Run(scale.steps, batch_size=scale.searches, progress=options.progress)
    model, goal = zoo.load("helix-classifier"), TargetClass("other", CONFIDENCE)
    records = {
        name: search(points, model, goal, place, NormalizedGradient(STEP), run)
        for name, place in places.items()
    }
    fits = [replace(scale.thin, thickness=each) for each in scale.thicknesses]
    measured = [
        measure_flow(fit_field(each), each)
        for each in track(fits, "Fitting fields", shown=options.progress)
    ]
    families = {"_flow_matching": make_family(scale.thicknesses, measured)}
    contraction = field.certify(points).contraction.max().item()
    searches = apply_rules(SEARCH, records)
    distances = {
        NAMES[name]: distance(record.counterfactual.double()).numpy()
        for name, record in records.items()
    }

    return Findings(
        {
            **searches,
            "helix_contraction_max": contraction,
            **family_results(families),
        },
        {"distances.png": saved(lambda: figures.distance_figure(distances))},
        headlines=tuple(searches),
    )


HELIX_COORDINATES = Experiment(
    "helix-coordinates",
    "Helix: flow matching beside a flow of couplings.",
    measure_helix_coordinates,
    {"helix_flow_matching_distance_median": "≤ 0.01"},
    beside="goal",
)
