"""Ways to step, compared on fours that become nines."""

import math
import time
from collections.abc import Mapping

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from diffeo import zoo
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
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.mnist import Digits, mnist
from diffeo.experiments.fours import (
    SOURCE,
    TARGET,
    counterfactual,
    digits_flow,
    right_digits,
)
from diffeo.experiments.results import Reproduction, write_results
from diffeo.metrics.neighbors import neighbor_share
from diffeo.metrics.oracles import Oracle, agreement, svm
from diffeo.models.flow.flow import Flow
from diffeo.search import Run

__all__ = ["reproduce_mnist_ascents"]

ROWS, QUICK_ROWS = 200, 4
STEPS, QUICK_STEPS = 500, 20
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
    "lbfgs": LBFGS(0.5),
    "sphere": Sphere(Polyak(NormalizedGradient(0.5))),
}
COLUMNS = {
    "seconds_per_image": "seconds",
    "reached": "reached",
    "steps_median": "steps",
    "distance_latent_median": "in Z",
    "distance_data_median": "in X",
    "svm_target": "SVM",
    "knn_target": "neighbors",
    "log_density_rank": "density rank",
    "latent_norm_change": "‖z‖ change",
}


def reproduce_mnist_ascents(how: Reproduction) -> dict[str, float]:
    """Turn 200 test fours into nines with each ascent and compare what comes of it.

    Args:
        how: Where the data are, where the results go, and whether to be quick.

    Returns:
        The results by name, as in results.json: a figure, then the ascent.
    """

    train, test = mnist("train", how.data), mnist("test", how.data)
    train = train.select(slice(2_000 if how.quick else None))
    flow, model = digits_flow(), zoo.load("mnist-cnn")
    count = QUICK_ROWS if how.quick else ROWS
    fours = right_digits(test, model, digit=SOURCE, count=count)
    nines = right_digits(test, model, digit=TARGET, count=count)
    oracle = svm(train.images, train.labels)
    run = Run(steps=QUICK_STEPS if how.quick else STEPS, progress=how.progress)
    figures = {}

    for name, ascent in ASCENTS.items():
        begun = time.perf_counter()
        record = counterfactual(fours, model, flow, run=run, ascent=ascent)
        seconds = (time.perf_counter() - begun) / len(record)
        found = record.counterfactual[record.reached]
        figures[name] = {
            "seconds_per_image": seconds,
            **_search_figures(record),
            **_oracle_figures(found, oracle, train),
            "log_density_rank": _rank(flow, found, nines),
        }

    results = {
        f"{figure}_{name}": value
        for name, row in figures.items()
        for figure, value in row.items()
    }
    write_results(results, how.out)
    _show(figures)

    return results


def _search_figures(record: Counterfactuals) -> dict[str, float]:
    """Return how far and how fast the rows went that reached their target."""

    reached = record.select(record.reached)
    away = (reached.latent - reached.origin).norm(dim=1)
    moved = (reached.counterfactual - reached.factual).flatten(1).norm(dim=1)
    longer = reached.latent.norm(dim=1) - reached.origin.norm(dim=1)

    return {
        "reached": record.reached.double().mean().item(),
        "steps_median": _median(reached.steps),
        "distance_latent_median": _median(away),
        "distance_data_median": _median(moved),
        "latent_norm_change": _median(longer),
    }


def _oracle_figures(found: Tensor, oracle: Oracle, train: Digits) -> dict[str, float]:
    if len(found) == 0:
        return {"svm_target": math.nan, "knn_target": math.nan}

    says = agreement(oracle, found, TARGET)
    near = neighbor_share(found, train.images, train.labels, target=TARGET)

    return {
        "svm_target": says.double().mean().item(),
        "knn_target": near.double().mean().item(),
    }


@torch.no_grad()
def _rank(flow: Flow, found: Tensor, real: Tensor) -> float:
    """Return the median share of real nines that are less likely than what was found.

    A half is as likely as real ones are.
    """

    if len(found) == 0:
        return math.nan

    density, reference = _log_prob(flow, found), _log_prob(flow, real)
    below = (reference < density[:, None]).double().mean(1)

    return _median(below)


def _log_prob(flow: nn.Module, x: Tensor) -> Tensor:
    return torch.cat([flow(part) for part in x.split(50)])


def _median(values: Tensor) -> float:
    return values.double().median().item() if len(values) else math.nan


def _show(figures: Mapping[str, Mapping[str, float]]) -> None:
    table = Table(title="MNIST, four to nine, by ascent")
    table.add_column("ascent", no_wrap=True)

    for column in COLUMNS.values():
        table.add_column(column)

    for name, row in figures.items():
        table.add_row(name, *(f"{row[figure]:.3g}" for figure in COLUMNS))

    Console().print(table)
