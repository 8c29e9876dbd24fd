"""Section IV-A: searches on a helix in space, and the geometry that explains them."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.ascents import Adam, Ascent, NormalizedGradient
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.coordinates.zuko import ZukoFlow
from diffeo.counterfactuals import Counterfactuals
from diffeo.geometry.singular import Singular
from diffeo.objectives import TargetClass
from diffeo.search import Run, search
from diffeo.workflows.results import Reproduction, show_table, write_results
from reproduction.helix.data import Points, distance, helix, tangents
from reproduction.helix.drawing import draw
from reproduction.helix.models import Budget, as_flow, flow_recipe
from reproduction.helix.page import find_plotly
from reproduction.helix.theorem import Sweep, frames, inner_places, theorem
from reproduction.helix.training import (
    CLASSIFIER,
    FLOW,
    THICKNESS,
    classifier,
    flow,
)

__all__ = ["reproduce_helix"]

PUBLISHED = {"distance_median_latent": 0.01, "distance_median_data": 2.34}
CONFIDENCE = 0.9
PLAIN, PAPER = NormalizedGradient(0.05), Adam(0.02)


@dataclass(frozen=True)
class Scale:
    """How large the experiment is.

    Args:
        flow: Budget of the flow that is searched.
        classifier: Budget of the classifier.
        searches: Of each kind.
        sweep: Flows of Theorem 1.
    """

    flow: Budget
    classifier: Budget
    searches: int
    sweep: Sweep


FULL = Scale(
    FLOW,
    CLASSIFIER,
    searches=1000,
    sweep=Sweep((0.2, 0.1, 0.05, 0.025), (0, 1, 2), Budget(1500), Budget(150)),
)
QUICK = Scale(
    Budget(60, size=128, first=0.1),
    Budget(60, size=128),
    searches=16,
    sweep=Sweep((0.2, 0.1), (0,), Budget(40, size=128), Budget(10, size=128)),
)


def reproduce_helix(how: Reproduction) -> dict[str, float]:
    """Search a helix in X and in Z, measure γ⁻¹, and write figures and results.

    Args:
        how: Where the results go, whether to be quick, and whether to search with
            the shipped flow and classifier instead of training them.

    Returns:
        The results by name, as in results.json.

    Raises:
        ModuleNotFoundError: If plotly is not installed.
    """

    find_plotly()
    scale = QUICK if how.quick else FULL
    begun = time.perf_counter()
    models = _shipped() if how.weights else _trained(scale)
    seconds = {} if how.weights else {"seconds_training": time.perf_counter() - begun}
    generator = torch.Generator().manual_seed(1)
    points = helix(scale.searches, thickness=THICKNESS, generator=generator).points
    run = Run(batch_size=scale.searches, path=True, progress=how.progress)
    records = _search_all(points, models, run)
    found = frames(models.flow, inner_places(200))
    sweep = theorem(scale.sweep, progress=how.progress)
    results = {
        **seconds,
        "distance_median_factuals": distance(points).median().item(),
        **_search_figures(records),
        "tangent_angle_degrees_median": _angles(found).median().item(),
        **sweep.figures(),
    }
    draw(records, models.flow, sweep, how.out)
    write_results(results, how.out)
    show_table("Helix, from one half to the other", results, PUBLISHED)

    return results


class _Models(NamedTuple):
    flow: ZukoFlow
    classifier: nn.Module


def _trained(scale: Scale) -> _Models:
    return _Models(flow(scale.flow, seed=0), classifier(scale.classifier, seed=0))


def _shipped() -> _Models:
    return _Models(as_flow(zoo.load("helix-flow")), zoo.load("helix-classifier"))


def _search_all(
    points: Points, models: _Models, run: Run
) -> dict[str, Counterfactuals]:
    """Search all points in one batch: in X, in Z and in an untrained Z."""

    untrained = as_flow(flow_recipe(seed=0).build()).eval()
    ways: dict[str, tuple[Coordinates, Ascent]] = {
        "data": (Identity((3,)), PLAIN),
        "data_adam": (Identity((3,)), PAPER),
        "latent": (models.flow, PLAIN),
        "latent_adam": (models.flow, PAPER),
        "untrained": (untrained, PLAIN),
    }
    goal = TargetClass("other", CONFIDENCE)

    return {
        name: search(points, models.classifier, goal, place, ascent, run)
        for name, (place, ascent) in ways.items()
    }


def _search_figures(records: Mapping[str, Counterfactuals]) -> dict[str, float]:
    results: dict[str, float] = {}

    for name, record in records.items():
        results |= {
            f"reached_{name}": record.reached.double().mean().item(),
            f"distance_median_{name}": distance(record.counterfactual).median().item(),
            f"steps_median_{name}": record.steps.double().median().item(),
        }

    seconds = records["latent"].seconds.mean().item()

    return {**results, "seconds_latent_1000": 1000 * seconds}


def _angles(found: Singular) -> Tensor:
    """Return the degrees between the first eigenvector of γ⁻¹ and the true tangent."""

    truth = tangents(inner_places(len(found.values)))
    across = torch.linalg.cross(found.left[..., 0], truth).norm(dim=1)

    degrees: Tensor = across.clamp(max=1).asin() * (180 / math.pi)

    return degrees
