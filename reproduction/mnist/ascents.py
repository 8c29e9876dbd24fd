"""Ways to step, compared on fours that become nines."""

import math
import time
from collections.abc import Callable

import torch

from diffeo.ascents import (
    LBFGS,
    Adam,
    Adaptive,
    Ascent,
    Momentum,
    NormalizedGradient,
    Polyak,
    Sphere,
)
from diffeo.batching import in_batches
from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.oracles import svm
from diffeo.methods import diffeomorphic
from diffeo.models.flow.flow import Flow
from diffeo.search import Run, default_ascent
from diffeo.shapes import Images
from reproduction.experiment import (
    Experiment,
    ExperimentOptions,
    Findings,
    apply_rules,
    mean,
    median,
)
from reproduction.mnist.setup import TARGET, Setup, Size, oracle_rules, right_digits

__all__ = ["ASCENTS", "MNIST_ASCENTS"]

FULL = Size(fours=200, run=Run(500, patience=500))
QUICK = Size(fours=1, run=Run(20, patience=20), train=100)
ASCENTS: dict[str, Ascent] = {
    "adam": Adam(0.05),
    "normalized": NormalizedGradient(0.2),
    "normalized_short": NormalizedGradient(0.1),
    "normalized_long": NormalizedGradient(0.5),
    "polyak": Polyak(NormalizedGradient(0.5)),
    "polyak_long": Polyak(NormalizedGradient(1.0)),
    "adaptive": Adaptive(0.1),
    "momentum": Momentum(0.2, decay=0.7),
    "polyak_momentum": Polyak(Momentum(0.5, decay=0.7)),
    "default": default_ascent(),
    "lbfgs": LBFGS(0.5),
    "sphere": Sphere(Polyak(NormalizedGradient(0.5))),
}
SEARCH: dict[str, Callable[[Counterfactuals], float]] = {
    "reached_{}": lambda record: mean(record.reached),
    "steps_median_{}": lambda record: median(record.steps[record.reached]),
    "distance_latent_median_{}": lambda record: median(
        record.latent_distance[record.reached]
    ),
    "distance_data_median_{}": lambda record: median(record.distance[record.reached]),
    "latent_norm_change_{}": lambda record: median(
        (record.latent.norm(dim=1) - record.origin.norm(dim=1))[record.reached]
    ),
}


def measure_mnist_ascents(options: ExperimentOptions) -> Findings:
    """Turn 200 test fours into nines with each ascent, and without a second try.

    Args:
        options: Where the data are, and whether to be quick.
    """

    size = QUICK if options.quick else FULL
    setup = Setup.load(options, size)
    train, flow = setup.train, setup.flow
    nines = right_digits(setup.test, setup.model, digit=TARGET, count=size.fours)
    rules = oracle_rules(svm(train.images, train.labels), train)
    rules["log_density_rank_{}"] = lambda found: _rank(flow, found, nines)
    results: dict[str, float] = {}

    for name, ascent in ASCENTS.items():
        begun = time.perf_counter()
        record = setup.search(diffeomorphic(ascent))
        seconds = (time.perf_counter() - begun) / len(record)
        found = record.counterfactual[record.reached]
        results |= {
            f"seconds_per_image_{name}": seconds,
            **apply_rules(SEARCH, {name: record}),
            **apply_rules(rules, {name: found}),
        }

    return Findings(results)


@torch.no_grad()
def _rank(flow: Flow, found: Images, real: Images) -> float:
    """Return the median share of real nines that are less likely than what was found.

    A half is as likely as real ones are.
    """

    if len(found) == 0:
        return math.nan

    density, reference = (in_batches(flow.log_prob, x, 50) for x in (found, real))

    return median((reference < density[:, None]).double().mean(1))


MNIST_ASCENTS = Experiment(
    "mnist-ascents",
    "MNIST: ways to step, compared on fours to nines.",
    measure_mnist_ascents,
)
