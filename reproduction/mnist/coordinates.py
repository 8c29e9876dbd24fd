"""Fours that become nines in coordinates of several kinds, before the same judges."""

from collections.abc import Mapping
from functools import partial
from typing import cast

import torch

from diffeo import zoo
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.protocol import Coordinates
from diffeo.evaluation.metrics.realism import log_density
from diffeo.evaluation.oracles import Oracles
from diffeo.evaluation.settings import Settings, quick_settings
from diffeo.models.flow.flow import Flow, as_flow
from diffeo.report.gallery import gallery
from diffeo.search import Run
from diffeo.shapes import Images, Indices, Scores
from diffeo.statements.encoding import state_encoding
from reproduction.coordinates import Judge, central, found_in, paired, record_results
from reproduction.domain import WEIGHTS
from reproduction.experiment import Experiment, ExperimentOptions, Findings
from reproduction.figures import saved
from reproduction.mnist.agreement import agreement
from reproduction.mnist.classifiers import OTHERS, other_classifiers
from reproduction.mnist.setup import TARGET, Setup, Size

__all__ = ["MNIST_COORDINATES"]

FULL = Size(fours=200, run=Run(300))
QUICK = Size(fours=1, run=Run(5, retries=0), train=200, test=80)
JUDGES = "consensus", "knn", "svm", "cnn"
REAL, CERTIFIED, SHOWN = 500, 20, 12


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
    kinds = _kinds(Oracles(setup.train, how))
    judges = kinds | _typicality(setup.test.of(TARGET)[-REAL:], flows)
    models = other_classifiers(setup.train, quick=options.quick)
    search = partial(found_in, setup.fours, target=TARGET, run=setup.run)
    shipped = search(setup.model, places)
    found = {"": shipped}
    found |= {f"_{name}": search(models[name], places) for name in OTHERS}
    results: dict[str, float] = {}

    for about, records in found.items():
        results |= record_results(records, judges, about)
        results |= paired(records, kinds, about)

    few = shipped["flow_matching"].select(torch.arange(len(setup.fours))[:CERTIFIED])
    certified = state_encoding(few, field).statements
    results["flow_matching_contraction_max"] = certified["contraction"].max().item()
    rows = range(min(SHOWN, len(setup.fours)))

    return Findings(results, {"gallery.png": saved(partial(gallery, shipped, rows))})


def _kinds(oracles: Oracles) -> dict[str, Judge]:
    """Return what says of images how much they are nines."""

    return {name: partial(_agreed, oracles, name) for name in JUDGES}


def _typicality(nines: Images, flows: Mapping[str, Flow]) -> dict[str, Judge]:
    """Return whether the density of each flow is among the central ones of nines."""

    densities = {
        name: partial(log_density, log_prob=flow.log_prob)
        for name, flow in flows.items()
    }

    return {f"typical_{name}": central(of, nines) for name, of in densities.items()}


def _agreed(oracles: Oracles, judge: str, x: Images, target: Indices) -> Scores:
    return agreement(oracles, x, target)[judge]


MNIST_COORDINATES = Experiment(
    "mnist-coordinates",
    "MNIST: flow matching, Glow and RealNVP as coordinates.",
    measure_mnist_coordinates,
)
