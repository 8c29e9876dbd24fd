"""Choose one setting of each method on validation digits, by one criterion for all."""

import json
from dataclasses import replace

from diffeo.data.mnist import mnist
from diffeo.search import Run
from diffeo.workflows.folders import write_results
from reproduction.experiment import ExperimentOptions, mean, median, show_table
from reproduction.mnist.baselines import TUNABLES, Fitted, Tunable, Tuned
from reproduction.mnist.setup import SOURCE, Setup, Size, right_digits
from reproduction.provenance import ROOT

__all__ = ["FULL", "QUICK", "best_of", "read_tuning", "tune", "tune_mnist_comparison"]

FILE, PREFIX = "tuning.json", "tuned_"
SHIPPED = ROOT / "results" / "mnist-comparison"
QUICK_ROWS = 1
FULL = Size(fours=200, run=Run(1000))
QUICK = Size(fours=1, run=Run(25, closest_steps=5, retries=0), train=300, test=60)
ALIKE = 0.02  # shares that differ by less are alike


def tune_mnist_comparison(options: ExperimentOptions) -> dict[str, float]:
    """Tune all methods of mnist-comparison on validation fours, at confidence 0.99.

    Args:
        options: Where the data are, where tuning.json goes, and whether to be quick.

    Returns:
        The settings chosen, and of all values tried the share that succeeded and the
        median distance.
    """

    setup = Setup.load(options, QUICK if options.quick else FULL)
    results = tune(setup, Fitted.fit(setup, options), options)
    write_results(results, options.out, FILE)
    show_table("Tuned on validation fours", results, {})

    return results


def tune(setup: Setup, fitted: Fitted, options: ExperimentOptions) -> dict[str, float]:
    """Return the chosen settings of all methods, and all that was tried, by name.

    Args:
        setup: The models, and how long to search.
        fitted: What methods need to know.
        options: Where the data are, and whether to be quick.
    """

    validation = mnist("validation", options.data)
    most = max(tunable.rows for tunable in TUNABLES.values())
    fours = right_digits(validation, setup.model, digit=SOURCE, count=most)
    results: dict[str, float] = {}

    for name, tunable in TUNABLES.items():
        few = tunable

        if options.quick:
            few = replace(tunable, values=tunable.values[:1], rows=QUICK_ROWS)

        results |= _chosen(name, few, replace(setup, fours=fours), fitted, results)

    return results


def best_of(tried: dict[float, tuple[float, float]]) -> float:
    """Return the value that succeeds most; of those alike, the nearest.

    Args:
        tried: From values to the share that succeeded and the median distance.
    """

    most = max(share for share, _ in tried.values())
    alike = [value for value, (share, _) in tried.items() if share >= most - ALIKE]

    return min(alike, key=lambda value: tried[value][1])


def _chosen(
    name: str, tunable: Tunable, setup: Setup, fitted: Fitted, results: Tuned
) -> dict[str, float]:
    setup, setting = replace(setup, fours=setup.fours[: tunable.rows]), tunable.setting
    tuned, tried = settings_of(results), {}

    for value in tunable.values:
        record = setup.search(tunable.method(value, tuned, fitted))
        tried[value] = mean(record.reached), median(record.distance[record.reached])

    told = {f"tried_{name}_{setting}_{value:g}": pair for value, pair in tried.items()}

    return {
        f"{PREFIX}{name}_{setting}": best_of(tried),
        **{f"{stem}_success": share for stem, (share, _) in told.items()},
        **{f"{stem}_l2_data_median": distance for stem, (_, distance) in told.items()},
    }


def settings_of(results: Tuned) -> dict[str, float]:
    """Return the settings chosen, without the prefix of the results."""

    return {
        name.removeprefix(PREFIX): value
        for name, value in results.items()
        if name.startswith(PREFIX)
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
            f"the methods must be tuned first, got neither {places[0]} nor "
            f"{places[1]}; run python -m reproduction tune mnist-comparison"
        )

    return dict(json.loads(found.read_text(encoding="utf-8")))
