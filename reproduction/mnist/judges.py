"""How far the answer depends on the judges, and on the classifier explained."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import torch
from torch import nn

from diffeo import zoo
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.labelled import LabelledImages
from diffeo.data.mnist import mnist
from diffeo.evaluation.metrics.agreement import votes
from diffeo.evaluation.metrics.realism import MEMBERS, centrality, log_density
from diffeo.evaluation.oracles import Oracle, Oracles, classifier_oracle
from diffeo.evaluation.settings import Settings, quick_settings
from diffeo.methods import Method, adversarial
from diffeo.models.flow.flow import as_flow
from diffeo.search import Run
from diffeo.shapes import Images, Scores
from reproduction.experiment import Experiment, ExperimentOptions, Findings
from reproduction.figures import saved
from reproduction.mnist.agreement import agreement
from reproduction.mnist.classifiers import OTHERS, SEEDS, SMOOTH, trained_classifiers
from reproduction.mnist.judges_figure import judges_figure
from reproduction.mnist.judges_tables import Judged, judges_results
from reproduction.mnist.setup import IN_Z, TARGET, Setup, Size, accuracy

__all__ = ["MNIST_JUDGES", "PENALTIES", "best_penalty", "typicality"]

FULL = Size(fours=200, run=Run(1000))
QUICK = Size(fours=1, run=Run(15), train=300, test=60)
PENALTIES = 0.001, 0.01, 0.05, 0.1, 1.0
SHIPPED = "shipped"
FLOWS = "mnist-flow", "mnist-realnvp"
METHODS: Mapping[str, Method] = {
    "diffeomorphic": IN_Z,
    "adversarial": adversarial(),  # steps as in Z
}

Judge = Callable[[Images], Mapping[str, Scores]]


def measure_mnist_judges(options: ExperimentOptions) -> Findings:
    """Turn 200 test fours into nines for several classifiers, before several judges.

    The penalty of the support-vector machine that all other experiments use is chosen
    first, on validation digits. All classifiers are asked about the same fours: those
    that the shipped one gets right.

    Args:
        options: Where the data are, and whether to be quick.
    """

    setup = Setup.load(options, QUICK if options.quick else FULL)
    settings = quick_settings() if options.quick else Settings()
    panels = {
        penalty: Oracles(setup.train, replace(settings, penalty=penalty))
        for penalty in PENALTIES
    }
    machines = {penalty: panel.svm for penalty, panel in panels.items()}
    validation = mnist("validation", options.data)
    best = best_penalty(machines, validation)
    judge = _all_judges(machines, panels[best], setup)
    names = SEEDS[:1] if options.quick else (*SEEDS, *OTHERS, SMOOTH)
    classifiers = trained_classifiers(names, setup.train, quick=options.quick)
    classifiers = {SHIPPED: setup.model, **classifiers}
    judged = {
        method: {
            name: _judged(replace(setup, model=model).search(how), judge)
            for name, model in classifiers.items()
        }
        for method, how in METHODS.items()
    }
    results = {
        "svm_penalty": best,
        **_accuracies(machines, classifiers, validation, setup.test),
        **judges_results(judged, judge(setup.test.of(TARGET)[: len(setup.fours)])),
    }

    return Findings(results, {"shares.png": saved(partial(judges_figure, results))})


def best_penalty(machines: Mapping[float, Oracle], digits: LabelledImages) -> float:
    """Return the penalty whose machine makes the fewest errors; of equals the least.

    Args:
        machines: By penalty.
        digits: Labelled digits that neither train nor are explained.
    """

    return max(sorted(machines), key=lambda each: accuracy(machines[each], digits))


def typicality(
    log_prob: Callable[[Images], Scores], real: Images
) -> Callable[[Images], Scores]:
    """Return a rule for how typical images are of real ones by a density.

    Args:
        log_prob: Log-density of dequantized images, as of a flow.
        real: Real images of the target class that trained nothing.
    """

    reference = log_density(real, log_prob)

    return lambda x: centrality(log_density(x, log_prob), reference)


def _all_judges(
    machines: Mapping[float, Oracle], oracles: Oracles, setup: Setup
) -> Judge:
    """Return what says of images all that judges say, by the name of the judge.

    The last test nines are the real ones of all densities; the first are controls.
    """

    nines = setup.test.of(TARGET)[-MEMBERS:]
    typical = {
        f"typicality_{name.removeprefix('mnist-')}": typicality(
            as_flow(zoo.load(name)).log_prob, nines
        )
        for name in FLOWS
        if name in zoo.names()
    }

    @torch.no_grad()
    def judge(x: Images) -> dict[str, Scores]:
        found = {
            f"svm_{penalty:g}": votes([machine], x, TARGET)[0]
            for penalty, machine in machines.items()
        }
        found |= agreement(oracles, x, TARGET)

        return found | {name: rule(x) for name, rule in typical.items()}

    return judge


def _judged(record: Counterfactuals, judge: Judge) -> Judged:
    """Return what judges say of the rows that reached their target, else NaN."""

    scores = {"distance": record.distance, **judge(record.counterfactual)}
    kept = {
        name: values.double().where(record.reached, torch.nan)
        for name, values in scores.items()
    }

    return {"success": record.reached.double(), **kept}


def _accuracies(
    machines: Mapping[float, Oracle],
    classifiers: Mapping[str, nn.Module],
    validation: LabelledImages,
    test: LabelledImages,
) -> dict[str, float]:
    found: dict[str, float] = {}

    for penalty, machine in machines.items():
        stem = f"svm_{penalty:g}_accuracy"
        found[f"{stem}_validation"] = accuracy(machine, validation)
        found[stem] = accuracy(machine, test)

    for name, model in classifiers.items():
        found[f"{name}_accuracy"] = accuracy(classifier_oracle(model), test)

    return found


MNIST_JUDGES = Experiment(
    "mnist-judges",
    "MNIST: other classifiers, and other judges.",
    measure_mnist_judges,
)
