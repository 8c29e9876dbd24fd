"""Several counterfactuals of an input: of fours that become nines, and on the helix."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from diffeo import zoo
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.metrics.agreement import neighbor_share
from diffeo.explain import explain
from diffeo.objectives import TargetClass
from diffeo.report.gallery import side_by_side
from diffeo.search import Run
from diffeo.several import alternatives, by_input, numbered
from diffeo.statements.diversity import diversity
from reproduction.experiment import (
    Experiment,
    ExperimentOptions,
    Findings,
    mean,
    median,
)
from reproduction.figures import saved
from reproduction.helix.data import helix
from reproduction.helix.models import THICKNESS, shipped_flow
from reproduction.mnist.setup import CONFIDENCE, Setup, Size

__all__ = ["COUNT", "SEVERAL", "several_results"]

FULL = Size(fours=50, run=Run())
QUICK = Size(fours=2, run=Run(10, retries=0), train=100)
COUNT = 4  # counterfactuals of each input
SHOWN = 8  # fours in the figure
DISPLACED = 0.5  # of the way to the first counterfactual, for another starting point
HELIX = 50  # points of the helix


def measure_several(options: ExperimentOptions) -> Findings:
    """Turn 50 test fours into four nines each, by directions and by starting points.

    Args:
        options: Where the data are, and whether to be quick.
    """

    setup = Setup.load(options, QUICK if options.quick else FULL)
    repelled = diversity(_nines(setup, setup.fours, several=COUNT))
    started = diversity(_started(setup, alternatives(repelled)[0]))
    found = {
        "digits": repelled,
        "digits_starts": started,
        "helix": diversity(_on_helix(2 if options.quick else HELIX, setup.run)),
    }
    results: dict[str, float] = {}

    for name, record in found.items():
        results |= several_results(name, record)

    for name in ("digits", "digits_starts"):
        results |= _neighbors(name, found[name], setup.train, setup.target)

    nines = {str(number): part for number, part in enumerate(alternatives(repelled), 1)}
    rows = range(min(SHOWN, len(setup.fours)))

    return Findings(results, {"nines.png": saved(partial(side_by_side, nines, rows))})


def several_results(
    name: str, record: Counterfactuals, scale: Sequence[float] = ()
) -> dict[str, float]:
    """Return how many are reached, how far the later ones are and how many differ.

    Args:
        name: How the names of the results begin.
        record: Of several counterfactuals for each input, with their diversity.
        scale: What counts as one in each number of the data; its own unit if empty.
    """

    parts = alternatives(record)
    first, unit = parts[0], record.factual.new_tensor(scale or [1.0])
    distinct = _of_inputs(parts, "distinct").nan_to_num(0)
    results = {
        f"{name}_inputs": float(len(first)),
        f"{name}_reached": mean(record.reached),
        f"{name}_reached_all": mean(torch.stack([x.reached for x in parts]).all(0)),
        f"{name}_apart_data": _middle(_of_inputs(parts, "diversity_data")),
        f"{name}_apart_latent": _middle(_of_inputs(parts, "diversity_latent")),
        f"{name}_nearest_angle": _middle(record.statements["nearest_angle"]),
    }

    for count in range(1, len(parts) + 1):
        results[f"{name}_distinct_{count}"] = (distinct == count).sum().item()

    for number, part in enumerate(parts[1:], 2):
        both = first.reached & part.reached
        data = [_length(each, unit)[both] for each in (part, first)]
        latent = [each.latent_distance[both] for each in (part, first)]
        results |= {
            f"{name}_times_as_far_{number}": median(data[0] / data[1]),
            f"{name}_times_as_far_latent_{number}": median(latent[0] / latent[1]),
        }

    return results


def _nines(setup: Setup, x: Tensor, several: int = 1) -> Counterfactuals:
    return explain(
        x,
        setup.model,
        setup.flow,
        target=setup.target,
        confidence=CONFIDENCE,
        run=setup.run,
        several=several,
    )


@torch.no_grad()
def _started(setup: Setup, first: Counterfactuals) -> Counterfactuals:
    """Search from other points: each displaced at random by half of the first's way."""

    found, generator = [numbered(first, first=0, alternative=1)], torch.Generator()

    for number in range(2, COUNT + 1):
        noise = torch.randn(first.origin.shape, generator=generator.manual_seed(number))
        step = DISPLACED * first.latent_distance / noise.norm(dim=1)
        start = first.origin + step[:, None] * noise
        record = _nines(setup, setup.flow.decode(start).clamp(0, 1))
        moved = replace(record, factual=first.factual, origin=first.origin)
        found.append(numbered(moved, first=0, alternative=number))

    return by_input(found)


def _on_helix(points: int, run: Run) -> Counterfactuals:
    generator = torch.Generator().manual_seed(1)
    x = helix(points, thickness=THICKNESS, generator=generator).points
    goal = TargetClass("other", 0.9)
    model, flow = zoo.load("helix-classifier"), shipped_flow()

    return explain(x, model, flow, objective=goal, run=run, several=COUNT)


def _neighbors(
    name: str, record: Counterfactuals, train: LabelledImages, target: int
) -> dict[str, float]:
    """Return which share of the ten nearest training digits is of the target."""

    found = [part.counterfactual[part.reached] for part in alternatives(record)]

    return {
        f"{name}_knn_target_{number}": mean(neighbor_share(x, train, target))
        for number, x in enumerate(found, 1)
        if len(x)
    }


def _of_inputs(parts: Sequence[Counterfactuals], statement: str) -> Tensor:
    """Return what is stated of each input at its target; NaN if of none."""

    stated = torch.stack([part.statements[statement] for part in parts])
    known: Tensor = stated.nan_to_num(-math.inf).amax(0)

    return known.where(known.isfinite(), math.nan)


def _middle(values: Tensor) -> float:
    return median(values[values.isfinite()])


def _length(record: Counterfactuals, unit: Tensor) -> Tensor:
    change = (record.counterfactual - record.factual).flatten(1) / unit
    length: Tensor = torch.linalg.vector_norm(change, dim=1)

    return length


SEVERAL = Experiment(
    "several",
    "Several counterfactuals of an input: how far they are, and how many differ.",
    measure_several,
)
