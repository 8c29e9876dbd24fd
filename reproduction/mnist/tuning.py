"""Choose the one setting of each baseline on validation digits."""

import json
from dataclasses import replace

from diffeo.data.mnist import mnist
from diffeo.methods import PrototypeObjective
from diffeo.search import Run
from diffeo.workflows.results import write_results
from reproduction.experiment import ROOT, ExperimentOptions, show_table
from reproduction.mnist.baselines import (
    CONFIDENCES,
    Tunable,
    fit_prototypes,
    tunables,
)
from reproduction.mnist.setup import SOURCE, Setup, Size, mean, right_digits

__all__ = ["QUICK", "read_tuning", "tune", "tune_mnist_comparison"]

FILE = "tuning.json"
SHIPPED = ROOT / "results" / "mnist-comparison"
ROWS, QUICK_ROWS = 50, 1
FULL = Size(fours=200, run=Run(1000))
QUICK = Size(fours=1, run=Run(40), train=300, test=60)


def tune_mnist_comparison(options: ExperimentOptions) -> dict[str, float]:
    """Tune the baselines of mnist-comparison on 50 validation fours.

    Args:
        options: Where the data are, where tuning.json goes, and whether to be quick.

    Returns:
        The settings chosen, their share of success, and the share of all others tried.
    """

    setup = Setup.load(options, QUICK if options.quick else FULL)
    prototypes = fit_prototypes(setup, options)
    results = tune(setup, prototypes, options)
    write_results(results, options.out, FILE)
    show_table("Tuned on validation fours", results, {})

    return results


def tune(
    setup: Setup, prototypes: PrototypeObjective, options: ExperimentOptions
) -> dict[str, float]:
    """Return the chosen settings of all baselines by name, for each confidence.

    Args:
        setup: The models, and how long to search.
        prototypes: Fitted to training data.
        options: Where the data are, and whether to be quick.
    """

    count = QUICK_ROWS if options.quick else ROWS
    validation = mnist("validation", options.data)
    fours = right_digits(validation, setup.model, digit=SOURCE, count=count)
    setup = replace(setup, fours=fours)
    results: dict[str, float] = {}

    for prefix, confidence in CONFIDENCES.items():
        for name, tunable in tunables(prototypes).items():
            values = tunable.values[:1] if options.quick else tunable.values
            few = replace(tunable, values=values)
            results |= _chosen(f"{prefix}{name}", few, setup, confidence)

    return results


def _chosen(
    name: str, tunable: Tunable, setup: Setup, confidence: float
) -> dict[str, float]:
    shares: dict[float, float] = {}

    def success(value: float) -> float:
        record = setup.search(tunable.method(value), confidence)
        shares[value] = mean(record.reached)

        return shares[value]

    best = tunable.choose(tunable.values, success)
    tried = {
        f"tried_{name}_{tunable.setting}_{value:g}_success": share
        for value, share in shares.items()
    }

    return {
        f"tuned_{name}_{tunable.setting}": best,
        f"tuned_{name}_success": shares[best],
        **tried,
    }


def read_tuning(options: ExperimentOptions) -> dict[str, float]:
    """Return what a tuning wrote into the folder of the results.

    Where it holds no tuning, a quick run gets none, and any other the one in
    results/mnist-comparison.

    Args:
        options: Where the results of the comparison go, and whether to be quick.

    Raises:
        FileNotFoundError: If there was no tuning.
    """

    places = options.out / FILE, SHIPPED / FILE
    found = next((path for path in places if path.is_file()), None)

    if options.quick and found != places[0]:
        return {}

    if found is None:
        raise FileNotFoundError(
            f"the baselines must be tuned first, got neither {places[0]} nor "
            f"{places[1]}; run python -m reproduction tune mnist-comparison"
        )

    return dict(json.loads(found.read_text(encoding="utf-8")))
