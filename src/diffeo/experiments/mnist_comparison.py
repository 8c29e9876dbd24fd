"""Section V on MNIST: ours and the rivals, judged by the same judges."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor, nn

from diffeo import zoo
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.mnist import Digits, mnist
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.comparison import Question, Settings, compare
from diffeo.evaluation.judges import AutoencoderSettings, ClassifierSettings
from diffeo.evaluation.reference import Reference
from diffeo.experiments.comparison_drawing import Spaces, draw_comparison
from diffeo.experiments.comparison_tables import (
    PUBLISHED,
    comparison_results,
    headlines,
)
from diffeo.experiments.fours import (
    CONFIDENCE,
    CONTROL_ROWS,
    CONTROL_STEPS,
    SOURCE,
    TARGET,
    counterfactual,
    digits_flow,
    right_digits,
    untrained_flow,
)
from diffeo.experiments.reporting import Wish, measures_of, report_to_folder
from diffeo.experiments.results import Reproduction, show_table, write_results
from diffeo.experiments.rivals import CONFIDENCES, fit_prototypes, tuned_methods
from diffeo.experiments.tuning import QUICK_STEPS, QUICK_TRAIN, RUN, read_tuning, tune
from diffeo.methods import Method
from diffeo.metrics.intervals import Bootstrap
from diffeo.models.flow.flow import Flow
from diffeo.search import Run

__all__ = ["reproduce_mnist_comparison"]

TUNING = Path("results") / "mnist-comparison"
ROWS, QUICK_ROWS, QUICK_TEST = 200, 2, 200
QUICK = Settings(
    autoencoder=AutoencoderSettings(latent=4, hidden=(32,), steps=QUICK_STEPS),
    classifiers=(ClassifierSettings(width=2, steps=QUICK_STEPS),),
    trees=10,
    bootstrap=Bootstrap(resamples=200),
)


def reproduce_mnist_comparison(how: Reproduction) -> dict[str, float]:
    """Turn 200 test fours into nines with every method; write figures and results.

    The rivals are as `diffeo tune mnist-comparison` tuned them. Names of results at
    Λ = 0.5 begin with half_; without, Λ is 0.99.

    Args:
        how: Where the data are, where the results go, and whether to be quick.

    Returns:
        The results by name, as in results.json.

    Raises:
        FileNotFoundError: If the rivals have not been tuned.
    """

    tuning = {} if how.quick else read_tuning(TUNING)
    train, test = _digits(how)
    model, flow = zoo.load("mnist-cnn"), digits_flow()
    steps = QUICK_STEPS if how.quick else None
    prototypes = fit_prototypes(train, model, flow, steps=steps)
    tuning = tuning or tune(how, model, flow, prototypes)
    count = QUICK_ROWS if how.quick else ROWS
    fours = right_digits(test, model, digit=SOURCE, count=count)
    run = replace(RUN, steps=steps or RUN.steps, progress=how.progress)
    methods = {
        prefix: tuned_methods(tuning, prefix, prototypes) for prefix in CONFIDENCES
    }
    records = {
        prefix: _records(fours, model, flow, methods[prefix], CONFIDENCES[prefix], run)
        for prefix in CONFIDENCES
    }
    untrained = untrained_flow(train.select(slice(200)) if how.quick else train)
    evaluation = compare(
        {f"{at}{name}": one for at in records for name, one in records[at].items()},
        Question(model, flow, CONFIDENCE),
        Reference.of_digits(train, test),
        untrained=_untrained(fours, model, untrained, run),
        settings=replace(QUICK, cache=Cache.usual()) if how.quick else Settings(),
    )
    results = {
        **comparison_results(evaluation, tuple(methods[""]), CONFIDENCES),
        **{key: value for key, value in tuning.items() if key.startswith("tuned_")},
    }
    spaces = Spaces(flow, test.images[test.labels == SOURCE])

    for prefix, found in records.items():
        draw_comparison(found, evaluation, spaces, how.out, prefix)

    report_to_folder(
        records[""],
        Wish(title="Fours to nines, by every method"),
        how.out,
        measures_of(evaluation.table(), list(records[""])),
    )
    write_results(results, how.out)
    evaluation.table().write_csv(how.out / "table.csv")
    show_table("MNIST, four to nine", headlines(results), PUBLISHED)

    return results


def _digits(how: Reproduction) -> tuple[Digits, Digits]:
    train, test = mnist("train", how.data), mnist("test", how.data)

    return (
        train.select(slice(QUICK_TRAIN if how.quick else None)),
        test.select(slice(QUICK_TEST if how.quick else None)),
    )


def _records(
    fours: Tensor,
    model: nn.Module,
    flow: Flow,
    methods: Mapping[str, Method],
    confidence: float,
    run: Run,
) -> dict[str, Counterfactuals]:
    """Return what every method makes of the fours."""

    return {
        name: method.explain(
            fours, model, flow, target=TARGET, confidence=confidence, run=run
        )
        for name, method in methods.items()
    }


def _untrained(
    fours: Tensor, model: nn.Module, flow: Flow, run: Run
) -> Counterfactuals:
    few = replace(run, steps=min(run.steps, CONTROL_STEPS))

    return counterfactual(fours[:CONTROL_ROWS], model, flow, run=few)
