"""Fours that become nines in coordinates of several kinds, before the same judges."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import cast

import torch

from diffeo import zoo
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.fitted_oracles import Oracles
from diffeo.evaluation.settings import Settings, quick_settings
from diffeo.models.flow.flow import Flow, as_flow
from diffeo.report.figures import gallery
from diffeo.search import Run
from diffeo.shapes import Images, Scores
from diffeo.statements.encoding import state_encoding
from reproduction.domain import WEIGHTS
from reproduction.experiment import (
    Experiment,
    ExperimentOptions,
    Findings,
    apply_rules,
    mean,
    median,
)
from reproduction.figures import saved
from reproduction.mnist.agreement import agreement
from reproduction.mnist.classifiers import OTHERS, other_classifiers
from reproduction.mnist.judges import typicality
from reproduction.mnist.setup import TARGET, Setup, Size
from reproduction.places import found_in, round_trip_rms

__all__ = ["MNIST_COORDINATES"]

FULL = Size(fours=200, run=Run(300))
QUICK = Size(fours=2, run=Run(5, retries=0), train=200, test=80)
JUDGES = "consensus", "knn", "svm", "cnn"
REAL, CERTIFIED, SHOWN = 500, 20, 12
UNTYPICAL = 0.01  # share of real digits that are no more central

Judge = Callable[[Images], Scores]
RULES: Mapping[str, Callable[[Counterfactuals], float]] = {
    "{}_reached": lambda record: mean(record.reached),
    "{}_seconds_per_image": lambda record: mean(record.seconds),
    "{}_l2_data_median": lambda record: median(record.distance[record.reached]),
    "{}_l2_latent_median": lambda record: median(
        record.latent_distance[record.reached]
    ),
    "{}_latent_norm_ratio": lambda record: median(
        record.origin.square().mean(1).sqrt()
    ),
    "{}_round_trip_rms": round_trip_rms,
    "{}_exact": lambda record: mean(record.exact),
}


def measure_mnist_coordinates(options: ExperimentOptions) -> Findings:
    """Turn 200 test fours into nines in each kind of coordinates, and in the data.

    The fours are the same for all classifiers: the shipped one gets them right. Results
    of the others have their names in the middle.

    Args:
        options: Where the data are, and whether to be quick.

    Raises:
        FileNotFoundError: If the velocity field has not been trained.
    """

    setup = Setup.load(options, QUICK if options.quick else FULL)
    weights = WEIGHTS / "mnist-flow-matching.safetensors"
    field = cast("FlowMatching", zoo.load(weights))
    flows = {"glow": setup.flow, "realnvp": as_flow(zoo.load("mnist-realnvp"))}
    places: dict[str, Coordinates] = {"flow_matching": field, **flows}
    how = quick_settings() if options.quick else Settings()
    judges = _judges(Oracles(setup.train, how), setup.test.of(TARGET)[-REAL:], flows)
    models = other_classifiers(setup.train, quick=options.quick)
    shipped = found_in(setup.domain, setup.fours, places, setup.run)
    results = _results(shipped, judges, "")

    for name in OTHERS:
        domain = replace(setup.domain, model=models[name])
        found = found_in(domain, setup.fours, places, setup.run)
        results |= _results(found, judges, f"_{name}")

    few = shipped["flow_matching"].select(torch.arange(len(setup.fours))[:CERTIFIED])
    certified = state_encoding(few, field).statements
    results["flow_matching_contraction_max"] = certified["contraction"].max().item()
    rows = range(min(SHOWN, len(setup.fours)))

    return Findings(results, {"gallery.png": saved(partial(gallery, shipped, rows))})


def _judges(
    oracles: Oracles, nines: Images, flows: Mapping[str, Flow]
) -> dict[str, Judge]:
    """Return what says of images how much they are nines, or typical of them.

    A flow judges typicality by whether its density is among the central ones.
    """

    judges: dict[str, Judge] = {
        f"{{}}_{name}": partial(_agreed, oracles, name) for name in JUDGES
    }

    for name, flow in flows.items():
        central = typicality(flow.log_prob, nines)
        judges[f"{{}}_typical_{name}"] = partial(_is_central, central)

    return judges


def _agreed(oracles: Oracles, judge: str, x: Images) -> Scores:
    return agreement(oracles, x, TARGET)[judge]


@torch.no_grad()
def _is_central(central: Judge, x: Images) -> Scores:
    return (central(x) >= UNTYPICAL).to(x)


def _results(
    found: Mapping[str, Counterfactuals], judges: Mapping[str, Judge], model: str
) -> dict[str, float]:
    """Return what is known of each search, and what judges say of those that arrived.

    A flow does not judge its own.
    """

    named = {f"{name}{model}": record for name, record in found.items()}
    images = {
        name: record.counterfactual[record.reached] for name, record in named.items()
    }
    judged = {key: partial(_share, judge) for key, judge in judges.items()}
    results = apply_rules(RULES, named) | apply_rules(judged, images)

    return {
        name: value
        for name, value in results.items()
        if not name.endswith(f"_typical_{name.partition('_')[0]}")
    }


def _share(judge: Judge, x: Images) -> float:
    return mean(judge(x)) if len(x) else math.nan


MNIST_COORDINATES = Experiment(
    "mnist-coordinates",
    "MNIST: flow matching, Glow and RealNVP as coordinates.",
    measure_mnist_coordinates,
)
