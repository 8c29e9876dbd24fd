"""Section IV-B on CelebA: not blond to blond, smiles and ages."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch

from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.evaluation.comparison import compare
from diffeo.evaluation.evaluation import Evaluation
from diffeo.evaluation.metrics import agreement, change, outcome, realism
from diffeo.evaluation.oracles import classifier_oracle, svm
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.settings import Settings, quick_settings
from diffeo.evaluation.task import Task
from diffeo.methods import Method, adversarial, diffeomorphic
from diffeo.objectives import TargetClass
from diffeo.report import ReportOptions, write_report
from diffeo.report.figures import gallery
from diffeo.search import Run
from diffeo.training.noise import GaussianNoise
from diffeo.workflows.evaluate import measures_of
from reproduction.celeba.attributes import (
    attribute_classifier,
    attribute_probabilities,
    attribute_results,
    attributes_figure,
    correlation_difference,
)
from reproduction.celeba.regions import region_results
from reproduction.celeba.setup import CONFIDENCE, Setup, Size
from reproduction.celeba.training import ATTRIBUTES, SIZE
from reproduction.domain import (
    Domain,
    accuracies,
    flow_figures,
    method_results,
    surviving,
)
from reproduction.experiment import (
    Experiment,
    ExperimentOptions,
    Findings,
    apply_rules,
    mean,
    median,
)
from reproduction.figures import saved
from reproduction.judged_figures import comparison_drawings

__all__ = ["CELEBA"]

FULL = Size(blond=100, others=50, run=Run(1000))
QUICK = Size(blond=2, others=1, run=Run(12), train=60, test=60)
METHODS: Mapping[str, Method] = {"latent": diffeomorphic(), "data": adversarial()}
LATENT, DATA = METHODS
METRICS = (
    outcome.success,
    outcome.seconds_per_image,
    change.ssim_median,
    outcome.l2_data_median,
    outcome.l2_latent_median,
    outcome.l2_data_class_mean,
    outcome.l2_latent_class_mean,
    agreement.svm_target,
    agreement.consensus_target,
    agreement.knn_target,
    realism.im1_mean,
    realism.typicality_median,
)
RULES: Mapping[str, Callable[[Counterfactuals], float]] = {
    "reached_{}": lambda record: mean(record.reached),
    "l2_data_{}_median": lambda record: median(record.distance[record.reached]),
}
SHOWN = 6  # faces of the gallery
PUBLISHED: Mapping[str, float | str] = {
    "model_accuracy": 0.94,
    "oracle_accuracy": 0.85,
    "im1_latent_mean": 0.807,
    "im1_data_mean": 1.144,
    "l2_data_latent_median": "mean 19.10",
    "l2_data_data_median": "mean 2.84",
}
Found = Mapping[str, Counterfactuals]


def measure_celeba(options: ExperimentOptions) -> Findings:
    """Make 100 test faces blond, in Z and in X, and others smile or age, and judge.

    Args:
        options: Where the data are, and whether to be quick.
    """

    size = QUICK if options.quick else FULL
    setup = Setup.load(options, size)
    blond = _search(setup, "blond", 1, size.blond)
    evaluation = _judged(blond, setup, options)
    domain = _domain(setup, "blond")
    teller = attribute_classifier(setup.train, SIZE, quick=options.quick)
    number = setup.test.attribute_names.index(ATTRIBUTES["blond"])
    results = {
        **flow_figures(
            setup.flow, setup.test.labelled("Young").images, GaussianNoise()
        ),
        **_accuracies(setup, teller),
        **method_results(evaluation, LATENT, DATA),
        **surviving(blond, setup.models["blond"], CONFIDENCE),
        **attribute_results(blond, teller, number),
        **region_results(blond),
        **_both_ways(setup, teller, size.others),
    }
    report = ReportOptions(
        "CelebA, not blond to blond",
        classes=domain.train.class_names,
        measures=measures_of(evaluation.table(), list(METHODS)),
    )
    rows = range(min(SHOWN, len(blond[LATENT])))
    few = {name: record.select(torch.tensor(rows)) for name, record in blond.items()}

    return Findings(
        results,
        {
            **comparison_drawings({"": blond}, evaluation, domain, (DATA, LATENT)),
            "attributes.png": saved(
                lambda: attributes_figure(blond, teller, setup.train, number)
            ),
            "faces.png": saved(lambda: gallery(few, rows)),
            "report.html": lambda path: write_report(blond, path.parent, report),
        },
    )


def _search(setup: Setup, name: str, target: int, count: int) -> Found:
    """Search from the first faces that the classifier takes for the other class."""

    x = setup.factuals(name, 1 - target, count)

    return {
        method: setup.search(how, name, x, target, CONFIDENCE)
        for method, how in METHODS.items()
    }


def _domain(setup: Setup, name: str) -> Domain:
    attribute = ATTRIBUTES[name]

    return Domain(
        setup.train_squares.labelled(attribute),
        setup.test.labelled(attribute),
        setup.flow,
        source=0,
        target=1,
    )


def _judged(found: Found, setup: Setup, options: ExperimentOptions) -> Evaluation:
    domain = _domain(setup, "blond")
    settings = quick_settings() if options.quick else Settings()

    return compare(
        found,
        Task(setup.models["blond"], setup.flow, TargetClass(1, CONFIDENCE)),
        Reference(domain.train, domain.held_out),
        settings=replace(settings, progress=options.progress),
        metrics=METRICS,
    )


def _accuracies(setup: Setup, teller: torch.nn.Module) -> dict[str, float]:
    """Return how often the classifiers and judges are right about test faces."""

    domain = _domain(setup, "blond")
    machine = svm(domain.train.images, domain.train.labels)
    told = attribute_probabilities(teller, domain.held_out.images) > 0.5
    results = {
        **accuracies("oracle", machine, domain.held_out),
        "attributes_accuracy": (told == setup.test.attributes).double().mean().item(),
    }

    for name, model in setup.models.items():
        stem = "model" if name == "blond" else f"model_{name}"
        data = setup.test.labelled(ATTRIBUTES[name])
        results |= accuracies(stem, classifier_oracle(model), data)

    return results


def _both_ways(setup: Setup, teller: torch.nn.Module, count: int) -> dict[str, float]:
    """Let faces smile and stop smiling, age and grow young, and judge by attributes."""

    results: dict[str, float] = {}

    for name in [each for each in ATTRIBUTES if each != "blond"]:
        number = setup.test.attribute_names.index(ATTRIBUTES[name])
        ways = [_search(setup, name, target, count) for target in (1, 0)]
        found = {each: concatenate([way[each] for way in ways]) for each in METHODS}
        measured = attribute_results(found, teller, number) | apply_rules(RULES, found)

        for method, record in found.items():
            there = record.select(record.reached)
            before, after = (
                attribute_probabilities(teller, x)
                for x in (there.factual, there.counterfactual)
            )
            measured[f"correlation_difference_{method}"] = correlation_difference(
                before, after, setup.train.attributes, number
            )

        results |= {f"{name}_{key}": value for key, value in measured.items()}

    return results


CELEBA = Experiment(
    "celeba",
    "CelebA: faces that turn blond, smile or age, in latent space and in data space.",
    measure_celeba,
    PUBLISHED,
)
