"""Section IV-B on CelebA: not blond to blond, smiles and ages."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import nn

from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.evaluation.intervals import interval_of, mean, median, share
from diffeo.evaluation.metrics.agreement import votes
from diffeo.evaluation.oracles import Oracle, classifier_oracle
from diffeo.report import ReportOptions, write_report
from diffeo.report.gallery import gallery
from diffeo.search import Run
from diffeo.shapes import Images
from diffeo.training.noise import GaussianNoise
from diffeo.workflows.evaluate import measures_of
from reproduction.celeba.attributes import (
    attribute_results,
    attributes_figure,
    correlation_difference,
    moved_results,
    told,
)
from reproduction.celeba.networks import (
    attribute_classifier,
    attribute_oracle,
    attribute_probabilities,
    second_classifier,
)
from reproduction.celeba.regions import region_results
from reproduction.celeba.setup import Setup, Size
from reproduction.celeba.training import ATTRIBUTES, SIZE
from reproduction.domain import (
    DATA,
    LATENT,
    METHODS,
    Found,
    accuracies,
    domain_results,
)
from reproduction.experiment import Experiment, ExperimentOptions, Findings
from reproduction.figures import saved
from reproduction.judged_figures import comparison_drawings

__all__ = ["CELEBA"]

FULL = Size(blond=100, others=50, run=Run(1000))
QUICK = Size(blond=2, others=1, run=Run(40, retries=0), train=60, test=60)
OTHERS = [name for name in ATTRIBUTES if name != "blond"]
SHOWN = 6  # faces of the gallery
PUBLISHED: Mapping[str, float | str] = {
    "model_accuracy": 0.94,
    "oracle_accuracy": 0.85,
    "im1_latent_mean": 0.807,
    "im1_data_mean": 1.144,
    "l2_data_latent_mean": 19.10,
    "l2_data_data_mean": 2.84,
    "l2_data_class_latent_mean": 40.79,
    "l2_data_class_data_mean": 41.13,
}


def measure_celeba(options: ExperimentOptions) -> Findings:
    """Make 100 test faces blond, in Z and in X, and others smile or age, and judge.

    Args:
        options: Where the data are, and whether to be quick.
    """

    size = QUICK if options.quick else FULL
    setup, run = Setup.load(options, size), replace(size.run, progress=options.progress)
    domain, number = setup.domain("blond"), setup.number("blond")
    blond = domain.search(domain.factuals(size.blond), run)
    evaluation = domain.judge(blond, options)
    teller = attribute_classifier(setup.wide, SIZE, quick=options.quick)
    second = attribute_oracle(
        second_classifier(setup.wide, SIZE, quick=options.quick), number
    )
    results = {
        **domain_results(domain, blond, evaluation, GaussianNoise()),
        **_other_accuracies(setup, teller),
        **accuracies("second_cnn", second, domain.held_out),
        **_second_results(blond, second, domain.held_out.of(domain.target)),
        **attribute_results(blond, teller, number),
        **moved_results(blond, teller, setup.train, number),
        **region_results(blond),
    }

    for name in OTHERS:
        found = _both_ways(setup, name, size.others, run)
        measured = {
            **_search_results(found),
            **attribute_results(found, teller, setup.number(name)),
            **_correlations(setup, name, found, teller),
        }
        results |= {f"{name}_{key}": value for key, value in measured.items()}

    report = ReportOptions(
        "CelebA, not blond to blond",
        classes=domain.train.class_names,
        measures=measures_of(evaluation, list(METHODS)),
    )
    few = range(min(SHOWN, len(blond[LATENT])))

    return Findings(
        results,
        {
            **comparison_drawings({"": blond}, evaluation, domain, (DATA, LATENT)),
            "attributes.png": saved(
                lambda: attributes_figure(blond, teller, setup.train, number)
            ),
            "faces.png": saved(lambda: gallery(blond, few)),
            "report.html": lambda path: write_report(blond, path.parent, report),
        },
    )


def _other_accuracies(setup: Setup, teller: nn.Module) -> dict[str, float]:
    """Return how often the other classifiers are right about test faces."""

    tests = {name: setup.test.labelled(ATTRIBUTES[name]) for name in OTHERS}
    told = attribute_probabilities(teller, tests[OTHERS[0]].images) > 0.5
    right = (told == setup.test.attributes).double().mean(1)
    results = interval_of(right, mean).as_results("attributes_accuracy")

    for name, faces in tests.items():
        oracle = classifier_oracle(setup.models[name])
        results |= accuracies(f"{name}_model", oracle, faces)

    return results


def _second_results(found: Found, second: Oracle, real: Images) -> dict[str, float]:
    """Return how often a network of another architecture says the target.

    Args:
        found: Counterfactuals by where they were found, of the same factuals.
        second: The network, which says 1 for the target.
        real: Held-out images of the target.
    """

    said = {
        name: votes([second], record.counterfactual, record.target.long())[0]
        .double()
        .masked_fill(~record.reached, torch.nan)
        for name, record in found.items()
    }
    said["real"] = votes([second], real, 1)[0].double()
    ahead = interval_of(said[LATENT] - said[DATA])
    results = ahead.as_results(f"second_cnn_target_{LATENT}_minus_{DATA}")

    for name, flags in said.items():
        results |= interval_of(flags, share).as_results(f"second_cnn_target_{name}")

    return results


def _search_results(found: Found) -> dict[str, float]:
    """Return which share reached the target, and how far those have changed."""

    results: dict[str, float] = {}

    for name, record in found.items():
        length = record.distance.masked_fill(~record.reached, torch.nan)
        reached = interval_of(record.reached.double(), share)
        results |= reached.as_results(f"reached_{name}")
        results |= interval_of(length, median).as_results(f"l2_data_{name}_median")

    return results


def _both_ways(
    setup: Setup, name: str, count: int, run: Run
) -> dict[str, Counterfactuals]:
    """Give an attribute to faces without it, and take it from those with it."""

    domain = setup.domain(name)
    ways = domain, domain.turned()
    found = [way.search(way.factuals(count), run) for way in ways]

    return {method: concatenate([each[method] for each in found]) for method in METHODS}


def _correlations(
    setup: Setup, name: str, found: Mapping[str, Counterfactuals], teller: nn.Module
) -> dict[str, float]:
    results: dict[str, float] = {}

    for method, record in found.items():
        difference = correlation_difference(
            *told(record, teller), setup.train.attributes, setup.number(name)
        )
        results |= difference.as_results(f"correlation_difference_{method}")

    return results


CELEBA = Experiment(
    "celeba",
    "CelebA: faces that turn blond, smile or age, in latent space and in data space.",
    measure_celeba,
    PUBLISHED,
)
