"""Section V on MNIST: ours and the baselines, judged by the same judges."""

from diffeo.evaluation.comparison import compare
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.settings import quick_settings
from diffeo.evaluation.task import Task
from diffeo.objectives import TargetClass
from diffeo.report import ReportOptions, write_report
from diffeo.workflows.evaluate import measures_of
from reproduction.experiment import Experiment, ExperimentOptions, Findings
from reproduction.mnist.baselines import CONFIDENCES, fit_prototypes, tuned_methods
from reproduction.mnist.comparison_figures import comparison_drawings
from reproduction.mnist.comparison_tables import (
    PUBLISHED,
    comparison_results,
    headlines,
)
from reproduction.mnist.setup import CONFIDENCE, TARGET, Setup
from reproduction.mnist.tuning import FULL, QUICK, read_tuning, tune

__all__ = ["MNIST_COMPARISON"]


def measure_mnist_comparison(options: ExperimentOptions) -> Findings:
    """Turn 200 test fours into nines with every method, and judge them.

    The baselines are as the tuning chose them; a quick run tunes them itself, unless
    its folder holds a tuning. Names of results at Λ = 0.5 begin with half_; without, Λ
    is 0.99.

    Args:
        options: Where the data and the tuning are, and whether to be quick.

    Raises:
        FileNotFoundError: If the baselines have not been tuned.
    """

    tuning = read_tuning(options)
    setup = Setup.load(options, QUICK if options.quick else FULL)
    prototypes = fit_prototypes(setup, options)
    tuning = tuning or tune(setup, prototypes, options)
    records = {
        prefix: {
            name: setup.search(method, confidence)
            for name, method in tuned_methods(tuning, prefix, prototypes).items()
        }
        for prefix, confidence in CONFIDENCES.items()
    }
    evaluation = compare(
        {f"{at}{name}": one for at in records for name, one in records[at].items()},
        Task(setup.model, setup.flow, TargetClass(TARGET, CONFIDENCE)),
        Reference(setup.train, setup.test),
        untrained=setup.control(),
        settings=quick_settings() if options.quick else None,
    )
    results = {
        **comparison_results(evaluation, tuple(records[""]), CONFIDENCES),
        **{key: value for key, value in tuning.items() if key.startswith("tuned_")},
    }
    table = evaluation.table()
    report = ReportOptions(
        "Fours to nines, by every method",
        measures=measures_of(table, list(records[""])),
    )

    return Findings(
        results,
        {
            "table.csv": table.write_csv,
            **comparison_drawings(records, evaluation, setup),
            "report.html": lambda path: write_report(records[""], path.parent, report),
        },
        headlines(results),
    )


MNIST_COMPARISON = Experiment(
    "mnist-comparison",
    "MNIST: published methods on the same fours, judged by the same judges.",
    measure_mnist_comparison,
    PUBLISHED,
)
