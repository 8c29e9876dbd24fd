"""Section IV-A: searches on a helix in space, and the geometry that explains them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.ascents import Adam, Ascent, NormalizedGradient
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.coordinates.zuko import ZukoFlow
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives import TargetClass
from diffeo.search import Run, search
from reproduction.experiment import (
    Drawing,
    Experiment,
    ExperimentOptions,
    Findings,
    apply_rules,
)
from reproduction.figures import Array, saved
from reproduction.helix import figures, models
from reproduction.helix.data import DISC, curve, distance, helix, tangents
from reproduction.helix.measures import frames, inner_places, measure_flow
from reproduction.helix.models import THICKNESS, FreshPoints
from reproduction.helix.page import write_helix_page
from reproduction.helix.theorem import (
    Family,
    Series,
    family_results,
    fit_families,
    make_family,
)

__all__ = ["HELIX"]

CONFIDENCE = 0.9
PLAIN, PAPER = NormalizedGradient(0.05), Adam(0.02)
SHOWN = 12  # searches whose paths are drawn
BOXES = 15  # points at which the eigenvectors are drawn
LONGEST = 0.6  # edge of the longest box, in units of the helix's radius
NAMES = {
    "data": "found in X",
    "data_adam": "found in X, Adam",
    "latent": "found in Z",
    "latent_adam": "found in Z, Adam",
    "untrained": "found in untrained Z",
}
RATIOS = {
    "normal_eigenvalue_ratio": "smallest eigenvalues",
    "euclidean_normal_ratio": "along Euclidean normals",
}
CURVES = {
    "": "well-trained",
    "_undertrained": "under-trained",
    "_alternating": "order alternating",
}
SEARCH: dict[str, Callable[[Counterfactuals], float]] = {
    "reached_{}": lambda record: record.reached.double().mean().item(),
    "distance_median_{}": lambda record: (
        distance(record.counterfactual).median().item()
    ),
    "steps_median_{}": lambda record: record.steps.double().median().item(),
}


@dataclass(frozen=True)
class Scale:
    """How large the experiment is.

    Args:
        flow: What the flow that is searched is fitted to.
        classifier: What the classifier is fitted to.
        searches: Number of searches of each kind.
        steps: Most steps of a search.
        series: The flows of Theorem 1, by what is added to the names of their results.
    """

    flow: FreshPoints
    classifier: FreshPoints
    searches: int
    steps: int
    series: Mapping[str, Series]


TRAINED = Series(FreshPoints(1500), (0.2, 0.1, 0.05, 0.025), (0, 1, 2))
BOUNDED = Series(
    FreshPoints(1500, noise=DISC, first=0.5), (0.5, 0.16, 0.05, 0.016, 0.005)
)
SERIES = {
    "": TRAINED,
    "_undertrained": Series(FreshPoints(150), TRAINED.thicknesses),
    "_alternating": replace(TRAINED, seeds=(0,), alternate=True),
    "_bounded": BOUNDED,
    "_bounded_undertrained": Series(
        replace(BOUNDED.points, steps=150), BOUNDED.thicknesses
    ),
}
FULL = Scale(
    models.FLOW,
    models.CLASSIFIER,
    searches=1000,
    steps=1000,
    series=SERIES,
)
QUICK = Scale(
    FreshPoints(30, size=64, thickness=THICKNESS, first=0.1),
    FreshPoints(30, size=64, blur=0.5),
    searches=16,
    steps=60,
    series={
        name: Series(replace(each.points, steps=8, size=64), (0.2, 0.1))
        for name, each in SERIES.items()
    },
)


def measure_helix(options: ExperimentOptions) -> Findings:
    """Search a helix in X and in Z, and measure γ⁻¹.

    Args:
        options: Whether to be quick, and whether to search with the shipped flow and
            classifier instead of training them.
    """

    scale = QUICK if options.quick else FULL
    begun = time.perf_counter()

    if options.weights:
        flow, classifier = models.shipped_flow(), zoo.load("helix-classifier")
    else:
        flow, classifier = (
            models.fit_flow(scale.flow),
            models.fit_classifier(scale.classifier),
        )

    seconds = time.perf_counter() - begun
    generator = torch.Generator().manual_seed(1)
    points = helix(scale.searches, thickness=THICKNESS, generator=generator).points
    run = Run(
        scale.steps, batch_size=scale.searches, path=True, progress=options.progress
    )
    unblurred = models.fit_classifier(replace(scale.classifier, blur=0.0))
    ways: dict[str, tuple[nn.Module, Coordinates, Ascent]] = {
        "data": (classifier, Identity((3,)), PLAIN),
        "data_adam": (classifier, Identity((3,)), PAPER),
        "data_unblurred": (unblurred, Identity((3,)), PLAIN),
        "data_unblurred_adam": (unblurred, Identity((3,)), PAPER),
        "latent": (classifier, flow, PLAIN),
        "latent_adam": (classifier, flow, PAPER),
        "untrained": (classifier, models.untrained_flow(), PLAIN),
    }
    goal = TargetClass("other", CONFIDENCE)
    records = {
        name: search(points, model, goal, coordinates, ascent, run)
        for name, (model, coordinates, ascent) in ways.items()
    }
    searched = measure_flow(flow, scale.flow)
    families = {
        **fit_families(scale.series, progress=options.progress),
        "_searched": make_family((THICKNESS,), [searched]),
    }
    searches = {
        **({} if options.weights else {"seconds_training": seconds}),
        "distance_median_factuals": distance(points).median().item(),
        **apply_rules(SEARCH, records),
        "seconds_latent_1000": 1000 * records["latent"].seconds.mean().item(),
        "tangent_angle_degrees_median": _tangent_angles(flow).median().item(),
    }

    return Findings(
        searches | family_results(families),
        _drawings(records, flow, families),
        headlines=tuple(searches),
    )


def _tangent_angles(flow: ZukoFlow) -> Tensor:
    """Return the degrees between the first eigenvector of γ⁻¹ and the true tangent."""

    t = inner_places()
    first = frames(flow, t).left[..., 0]
    sine = torch.linalg.cross(first, tangents(t)).norm(dim=1)

    degrees: Tensor = sine.clamp(max=1).asin().rad2deg()

    return degrees


def _drawings(
    records: Mapping[str, Counterfactuals],
    flow: ZukoFlow,
    families: Mapping[str, Family],
) -> dict[str, Drawing]:
    paths = {
        "gradient ascent in X": _paths(records["data"], Identity((3,))),
        "gradient ascent in Z": _paths(records["latent"], flow),
    }
    found = {NAMES[name]: records[name].counterfactual for name in NAMES}
    points = {"factuals": records["latent"].factual, **found}
    distances = {name: distance(x.double()).numpy() for name, x in points.items()}
    t = inner_places(BOXES)
    boxes = {"trained flow": flow, "untrained flow": models.untrained_flow()}
    return {
        "paths.png": saved(lambda: figures.path_figure(paths)),
        "boxes.png": saved(
            lambda: figures.box_figure(
                curve(t).numpy(),
                {name: _edges(each, t) for name, each in boxes.items()},
            )
        ),
        "distances.png": saved(lambda: figures.distance_figure(distances)),
        "theorem.png": saved(
            lambda: figures.eigenvalue_figure(
                _curves(families, "_bounded", "_bounded_undertrained"), exact=0.5
            )
        ),
        "theorem_gaussian.png": saved(
            lambda: figures.eigenvalue_figure(
                _curves(families, "", "_alternating", "_undertrained"), exact=1.0
            )
        ),
        "helix.html": lambda path: write_helix_page(paths, path),
    }


def _curves(families: Mapping[str, Family], *names: str) -> dict[str, list[Array]]:
    """Return thicknesses and mean and worst ratios, by what they are of."""

    return {
        f"{label}, {CURVES[name.removeprefix('_bounded')]}": [
            families[name].thicknesses.numpy(),
            families[name].by_thickness()[key].numpy(),
            families[name].by_thickness()[f"{key}_worst"].numpy(),
        ]
        for name in names
        for key, label in RATIOS.items()
    }


@torch.no_grad()
def _paths(record: Counterfactuals, coordinates: Coordinates) -> list[Array]:
    """Return the data along the first few searches."""

    return [
        coordinates.decode(path.latent).double().numpy()
        for path in record.paths[:SHOWN]
    ]


def _edges(flow: ZukoFlow, t: Tensor) -> Array:
    """Return eigenvectors of γ⁻¹ times eigenvalues, the longest of a fixed length."""

    found = frames(flow, t)
    eigenvalues = found.values.square()
    edges = found.left * eigenvalues[:, None] * (LONGEST / eigenvalues.max())

    return edges.detach().numpy()


HELIX = Experiment(
    "helix",
    "Helix: from one half to the other, in data space and in latent space.",
    measure_helix,
    {"distance_median_latent": 0.01, "distance_median_data": 2.34},
)
