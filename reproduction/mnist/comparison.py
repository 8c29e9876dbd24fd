"""Section V on MNIST: ours and the rivals, judged by the same judges."""

from collections.abc import Mapping
from functools import partial
from itertools import product

import torch

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.comparison import compare
from diffeo.evaluation.evaluation import Evaluation
from diffeo.evaluation.metrics import CLASS_METRICS
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.settings import quick_settings
from diffeo.evaluation.table import write_evaluation
from diffeo.evaluation.task import Task
from diffeo.objectives import TargetClass
from diffeo.report import ReportOptions, write_report
from diffeo.workflows.evaluate import measures_of
from reproduction.experiment import Experiment, ExperimentOptions, Findings
from reproduction.judged_figures import comparison_drawings
from reproduction.mnist.baselines import CONFIDENCES, HALF_ROWS, OURS, Fitted, entries
from reproduction.mnist.comparison_tables import (
    PUBLISHED,
    comparison_results,
    headlines,
)
from reproduction.mnist.records import Records
from reproduction.mnist.setup import CONFIDENCE, TARGET, Setup
from reproduction.mnist.tuning import FULL, QUICK, read_tuning, settings_of, tune

__all__ = ["MNIST_COMPARISON"]

HALF = "half_"
NEAREST, LEAD = ("closest", "closest_data", "agreed_data"), "consensus_target"
COSTLY = "tangent_share_mean", "cout_mean", "composition_error_mean"
METRICS = [each for each in CLASS_METRICS if each.name not in COSTLY]
Found = Mapping[str, Counterfactuals]


def measure_mnist_comparison(options: ExperimentOptions) -> Findings:
    """Turn 200 test fours into nines with every method, and judge them.

    Methods are as the tuning chose them; a quick run tunes them itself, unless its
    folder holds a tuning. Those that take long have fewer rows: METHOD_asked says how
    many. Names of results at Λ = 0.5 begin with half_; without, Λ is 0.99. Records are
    kept beside trained judges, and a run that was ended goes on with them.

    Args:
        options: Where the data and the tuning are, and whether to be quick.

    Raises:
        FileNotFoundError: If the methods have not been tuned.
    """

    tuning = read_tuning(options)
    setup = Setup.load(options, QUICK if options.quick else FULL)
    fitted = Fitted.fit(setup, options)
    tuning = tuning or tune(setup, fitted, options)
    tuned = settings_of(tuning)
    methods = entries(tuned, fitted)
    records = Records(setup, methods, tuned)
    few = dict(list(HALF_ROWS.items())[: 2 if options.quick else None])
    found = {
        "": {name: records.of(name, CONFIDENCE) for name in methods},
        HALF: {
            name: records.of(name, CONFIDENCES[HALF], most)
            for name, most in few.items()
        },
    }
    evaluation = _judged(found, setup, options)
    results = {
        **comparison_results(evaluation, tuple(methods), CONFIDENCES),
        **_leads(evaluation, found[""]),
        **_seconds(found[""]),
        **_asked(found),
        **{key: value for key, value in tuning.items() if key.startswith("tuned_")},
    }
    domain, pair = setup.domain, ("adversarial", OURS)
    rows = torch.arange(min(map(len, found[""].values())))
    shown = {name: found[""][name].select(rows) for name in few}
    report = ReportOptions(
        "Fours to nines, by every method", measures=measures_of(evaluation, list(shown))
    )

    return Findings(
        results,
        {
            "table.csv": partial(write_evaluation, evaluation),
            **comparison_drawings(found, evaluation, domain, pair),
            "report.html": lambda path: write_report(shown, path.parent, report),
        },
        headlines(results),
    )


def _judged(
    found: Mapping[str, Found], setup: Setup, options: ExperimentOptions
) -> Evaluation:
    return compare(
        {f"{at}{name}": one for at in found for name, one in found[at].items()},
        Task(setup.model, setup.flow, TargetClass(TARGET, CONFIDENCE)),
        Reference(setup.train, setup.test),
        untrained=setup.control(),
        settings=quick_settings() if options.quick else None,
        metrics=METRICS,
    )


def _leads(evaluation: Evaluation, found: Found) -> dict[str, float]:
    """Return by how much the consensus agrees more with our nearest than others."""

    results: dict[str, float] = {}

    for one, other in product(NEAREST, found):
        ahead = evaluation.paired(one, other, LEAD)

        if other not in (*NEAREST, OURS) and ahead.rows:
            results |= ahead.as_results(f"{one}_minus_{other}_{LEAD}")

    return results


def _seconds(found: Found) -> dict[str, float]:
    """Return the time of each method over ours."""

    ours = found[OURS].seconds.mean()

    return {
        f"{name}_seconds_over_{OURS}": (record.seconds.mean() / ours).item()
        for name, record in found.items()
        if name != OURS
    }


def _asked(found: Mapping[str, Found]) -> dict[str, float]:
    """Return of how many fours each method was asked for a nine."""

    return {
        f"{prefix}{name}_asked": float(len(record))
        for prefix, named in found.items()
        for name, record in named.items()
    }


MNIST_COMPARISON = Experiment(
    "mnist-comparison",
    "MNIST: published methods on the same fours, judged by the same judges.",
    measure_mnist_comparison,
    PUBLISHED,
)
