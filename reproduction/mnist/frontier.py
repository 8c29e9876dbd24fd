"""Who agrees more at the same change: every method at many confidences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import torch
from torch import Tensor, nn

from diffeo.evaluation.intervals import interval_of
from diffeo.evaluation.oracles import Oracles
from diffeo.evaluation.settings import Settings, quick_settings
from reproduction.experiment import Experiment, ExperimentOptions, Findings
from reproduction.figures import saved
from reproduction.mnist.agreement import agreement, statistic_of
from reproduction.mnist.baselines import Fitted, Tuned, entries, frontier_entries
from reproduction.mnist.classifiers import other_classifiers
from reproduction.mnist.frontier_curves import (
    Curve,
    curve_of,
    draws_of,
    interval,
    level_at,
    reaches,
)
from reproduction.mnist.frontier_figures import frontier_figure
from reproduction.mnist.records import Records
from reproduction.mnist.setup import SOURCE, TARGET, Setup, right_digits
from reproduction.mnist.tuning import FULL, read_tuning, settings_of, tune
from reproduction.mnist.tuning import QUICK as FEW_DIGITS

__all__ = [
    "MNIST_FRONTIER",
    "MNIST_FRONTIER_SMOOTHED",
    "Case",
    "measure_mnist_frontier",
]

OURS = (
    *("diffeomorphic", "closest", "closest_data", "falling_price"),
    *("falling_price_smoothed", "agreed", "agreed_data", "falling_price_agreed"),
)
AGREED_RIVALS = "revise_agreed", "prototypes_agreed"
SMOOTHED_RIVALS = "revise_smoothed", "prototypes_smoothed"
RIVALS = (
    *("adversarial", "wachter", "revise", "prototypes", "prototypes_published"),
    *AGREED_RIVALS,
    *SMOOTHED_RIVALS,
)
QUICK = replace(FEW_DIGITS, test=200)  # digits, among which all classes are
JUDGES = "consensus", "knn", "svm", "cnn"
DISTANCES = 4, 5, 6
REAL = 500  # held-out images of the target

Levels = dict[tuple[str, str, int], Tensor]
"""By method, judge and distance the agreement in each draw of the rows."""


@dataclass(frozen=True)
class Case:
    """A classifier and a pair of classes.

    Args:
        prefix: Before the names of its results.
        methods: From the name of a method to the confidences that are asked for.
        classifier: "shipped", or the name of another.
        source: The digit that is explained.
        target: The digit that it is to become.
        rows: Number of test digits.
    """

    prefix: str
    methods: Mapping[str, tuple[float, ...]]
    classifier: str = "shipped"
    source: int = SOURCE
    target: int = TARGET
    rows: int = 100


MANY, HIGH, SURE = (0.5, 0.99, 0.9999), (0.99, 0.9999), (0.99, 0.999, 0.9999)
MOST = 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999
NEAREST = 0.5, 0.99, 0.997, 0.9999, 0.99999
ALL = dict.fromkeys(
    (
        *("diffeomorphic", "closest", "closest_data", "agreed", "agreed_data"),
        *("adversarial", "wachter", "prototypes_published"),
    ),
    MANY,
)
FEW = dict.fromkeys(
    ("diffeomorphic", "closest_data", "agreed_data", "adversarial", "wachter"), HIGH
)
FINE = {"adversarial": MOST, "closest_data": NEAREST, "agreed_data": MOST}
DEAR = dict.fromkeys(
    ("falling_price", "falling_price_smoothed", "revise", "prototypes"), SURE
)
"""Methods that take most time are asked for high confidences only."""

AGREED = dict.fromkeys(("agreed_data", "falling_price_agreed", *AGREED_RIVALS), SURE)

CASES = (
    Case("", {**ALL, **DEAR, **FINE}, rows=200),
    Case("three_to_eight_", FEW, source=3, target=8),
    Case("augmented_", FEW, "augmented"),
    Case("lenet_", FEW, "lenet"),
    Case("three_classifiers_", AGREED),
)
SMOOTHED = (
    Case("", dict.fromkeys(("falling_price_smoothed", *SMOOTHED_RIVALS), SURE)),
)


def measure_mnist_frontier(
    cases: Sequence[Case], options: ExperimentOptions
) -> Findings:
    """Ask methods for digits of many confidences, and judge them at like changes.

    Methods are as mnist-comparison was tuned, and its records are taken where they are
    the same.

    Args:
        cases: Classifiers, pairs of classes and methods.
        options: Where the data and the tuning are, and whether to be quick.

    Raises:
        FileNotFoundError: If the methods have not been tuned.
    """

    tuning = read_tuning(options)
    setup = Setup.load(options, QUICK if options.quick else FULL)
    tuning = tuning or tune(setup, Fitted.fit(setup, options), options)
    tuned = settings_of(tuning)
    how = quick_settings() if options.quick else Settings()
    oracles = Oracles(setup.train, how)
    models = {"shipped": setup.model}
    models |= other_classifiers(setup.train, quick=options.quick)
    results: dict[str, float] = {}
    drawings = {}

    for case in cases:
        curves = _curves(case, setup, models, tuned, oracles, options)
        real = _real(case, setup, oracles)
        levels = _levels(curves)
        results |= real | _points(case, curves)
        results |= _level_results(case, levels) | _reaching(case, curves, real)
        results |= _leads(case, levels)
        draw = partial(frontier_figure, curves, real, case.prefix)
        drawings[f"{case.prefix}frontier.png"] = saved(draw)

    return Findings(results, drawings, tuple(key for key in results if "_at_" in key))


def _curves(
    case: Case,
    setup: Setup,
    models: Mapping[str, nn.Module],
    tuned: Tuned,
    oracles: Oracles,
    options: ExperimentOptions,
) -> dict[str, Curve]:
    model = models[case.classifier]
    most = (QUICK if options.quick else FULL).fours
    digits = right_digits(setup.test, model, digit=case.source, count=most)
    setup = replace(setup, fours=digits, model=model, target=case.target)
    fitted = Fitted.fit(setup, options)
    methods = entries(tuned, fitted) | frontier_entries(tuned, fitted)
    records = Records(setup, methods, tuned)

    return {
        name: curve_of(
            [records.of(name, each, case.rows) for each in confidences],
            setup.flow,
            oracles,
            case.target,
        )
        for name, confidences in case.methods.items()
    }


def _real(case: Case, setup: Setup, oracles: Oracles) -> dict[str, float]:
    """Return how often each judge finds real images of the target to be of it."""

    x = setup.test.of(case.target)[:REAL]
    results: dict[str, float] = {}

    for judge, said in agreement(oracles, x, case.target).items():
        found = interval_of(said, statistic_of(judge))
        results |= found.as_results(f"{case.prefix}real_{judge}_target")

    return results


def _points(case: Case, curves: Mapping[str, Curve]) -> dict[str, float]:
    """Return what each method comes to at each confidence."""

    results: dict[str, float] = {}

    for name, curve in curves.items():
        lengths, latent = curve.changes["data"], curve.changes["latent"]

        for at, confidence in enumerate(case.methods[name]):
            stem = f"{case.prefix}{name}_{confidence:g}"
            results |= {
                f"{stem}_success": lengths[at].isfinite().double().mean().item(),
                f"{stem}_l2_data_median": lengths[at].nanquantile(0.5).item(),
                f"{stem}_l2_latent_median": latent[at].nanquantile(0.5).item(),
            }
            results |= {
                f"{stem}_{judge}": curve.agreed[judge][at].nanmean().item()
                for judge in JUDGES
            }

    return results


def _levels(curves: Mapping[str, Curve]) -> Levels:
    """Return the agreement of all judges with all methods at some distances."""

    found: Levels = {}

    for (name, curve), judge in product(curves.items(), JUDGES):
        points = curve.points("data", judge, draws_of(curve.rows))

        for distance in DISTANCES:
            found[name, judge, distance] = level_at(distance, *points)

    return found


def _level_results(case: Case, levels: Levels) -> dict[str, float]:
    results: dict[str, float] = {}

    for (name, judge, distance), level in levels.items():
        stem = f"{case.prefix}{name}_{judge}_at_{distance}"
        results |= interval(level).as_results(stem)

    return results


def _reaching(
    case: Case, curves: Mapping[str, Curve], real: Mapping[str, float]
) -> dict[str, float]:
    """Return at what distance judges agree as often as with real images."""

    results: dict[str, float] = {}

    for (name, curve), judge in product(curves.items(), JUDGES):
        change, agreed = curve.points("data", judge, torch.arange(curve.rows)[None])
        level = real[f"{case.prefix}real_{judge}_target_low"]
        stem = f"{case.prefix}{name}_{judge}_reaches_real_at"
        results[stem] = reaches(level, change[0], agreed[0])

    return results


def _leads(case: Case, levels: Levels) -> dict[str, float]:
    """Return how much more judges agree with ours than with others, at like changes."""

    results: dict[str, float] = {}
    names = case.methods
    pairs = product(
        (name for name in OURS if name in names),
        [name for name in RIVALS if name in names],
        JUDGES,
        DISTANCES,
    )

    for one, other, judge, distance in pairs:
        lead = levels[one, judge, distance] - levels[other, judge, distance]
        stem = f"{case.prefix}{one}_minus_{other}_{judge}_at_{distance}"
        results |= interval(lead).as_results(stem)

    return results


MNIST_FRONTIER = Experiment(
    "mnist-frontier",
    "MNIST: how far judges agree at the same change, by every method.",
    partial(measure_mnist_frontier, CASES),
)
MNIST_FRONTIER_SMOOTHED = Experiment(
    "mnist-frontier-smoothed",
    "MNIST: the same by methods that all ask for averages over a neighborhood.",
    partial(measure_mnist_frontier, SMOOTHED),
)
