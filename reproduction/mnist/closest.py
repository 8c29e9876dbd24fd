"""Fours that become the nearest nines: what is gained, and what is known of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import nn

from diffeo.counterfactuals import Counterfactuals
from diffeo.distances import DataDistance, Distance, LatentDistance
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.metrics.change import ssim
from diffeo.evaluation.oracle_training import ClassifierSettings, trained_classifier
from diffeo.evaluation.oracles import classifier_oracle, svm
from diffeo.methods import GradientMethod
from diffeo.objectives import Agreed, Smoothed, TargetClass
from diffeo.report.gallery import gallery
from diffeo.search import Run
from diffeo.statements.agreement import agreement
from diffeo.statements.certificate import Smoothing, certify
from diffeo.statements.typical import typicality
from reproduction.experiment import (
    Experiment,
    ExperimentOptions,
    Findings,
    apply_rules,
    mean,
    median,
)
from reproduction.figures import saved
from reproduction.mnist.closest_figures import distances_figure
from reproduction.mnist.setup import (
    CONFIDENCE,
    TARGET,
    Setup,
    Size,
    accuracy,
    oracle_rules,
)

__all__ = ["MNIST_CLOSEST"]

SHOWN = 8  # rows of the gallery
REFERENCES = 500  # real nines among which counterfactuals are ranked
CLOSEST: dict[str, tuple[tuple[Distance, ...], int]] = {
    "plain": ((), 1),
    "latent": ((LatentDistance(),), 40),
    "data": ((LatentDistance(), DataDistance()), 20),
}
"""What each search minimizes, and in how many steps."""

SURE = 0.985  # confidence that three models are asked for, where they are to be near

MODELS = "second", "third", "held_out"  # other classifiers, by what they are used for
SEEDS = 1, 2, 3
SEARCH: dict[str, Callable[[Counterfactuals], float]] = {
    "reached_{}": lambda record: mean(record.reached),
    "steps_max_{}": lambda record: float(record.steps.max()),
    "seconds_per_image_{}": lambda record: mean(record.seconds),
    "l2_latent_median_{}": lambda record: median(
        record.latent_distance[record.reached]
    ),
    "l2_data_median_{}": lambda record: median(record.distance[record.reached]),
    "ssim_median_{}": lambda record: median(
        ssim(record.counterfactual, record.factual)[record.reached]
    ),
}
GOALS = {
    "kkt_angle_degrees_median": "≤ 5",
    "l2_latent_ratio": "≤ 0.92",
    "l2_data_median_data": "≤ 4.0",
    "ssim_median_data": "≥ 0.84",
    "svm_target_data_minus_plain": "≥ −0.05",
    "l2_data_median_agreed_data": "≤ 4.0",
    "ssim_median_agreed_data": "≥ 0.84",
    "svm_target_agreed_data_minus_plain": "≥ −0.05",
    "certified_radius_below_distance_share": "1",
    "reached_plain": "1",
    "steps_max_plain": "≤ 200",
}


@dataclass(frozen=True)
class Scale:
    """How large the experiment is.

    Args:
        size: How much of MNIST is taken.
        classifier: How other classifiers are trained.
        certified: Fours around which a radius is certified.
        smoothing: How it is.
    """

    size: Size
    classifier: ClassifierSettings = field(default_factory=ClassifierSettings)
    certified: int = 50
    smoothing: Smoothing = field(
        default_factory=lambda: Smoothing(spread=0.15, draws=300)
    )


FULL = Scale(Size(fours=200, run=Run(200)))
QUICK = Scale(
    Size(2, Run(40, patience=40, closest_steps=15, retries=0), train=1000, test=100),
    ClassifierSettings(width=4, steps=100, size=32, rate=1e-2),
    certified=1,
    smoothing=Smoothing(draws=20),
)


def measure_mnist_closest(options: ExperimentOptions) -> Findings:
    """Turn 200 test fours into nines and bring them as near as can be.

    Args:
        options: Where the data are, and whether to be quick.
    """

    scale = QUICK if options.quick else FULL
    setup = Setup.load(options, scale.size)
    models = _classifiers(setup, scale.classifier)
    records = _records(setup, [models["second"], models["third"]])
    oracle = svm(setup.train.images, setup.train.labels)
    judged = {
        name: record.counterfactual[record.reached] for name, record in records.items()
    }
    results = {
        **_closest_results(records),
        **apply_rules(SEARCH, records),
        **apply_rules(oracle_rules(oracle, setup.train), judged),
        **_radius_results(records, setup, scale),
        **apply_rules(
            {"typicality_rank_median_{}": lambda record: _rank(record, setup)},
            {name: records[name] for name in CLOSEST},
        ),
        **_agreement_results(records, models, setup),
    }
    results |= {
        f"svm_target_{name}_minus_plain": results[f"svm_target_{name}"]
        - results["svm_target_plain"]
        for name in ("data", "agreed_data")
    }
    shown = {name: records[name] for name in CLOSEST}
    rows = range(min(SHOWN, len(setup.fours)))

    return Findings(
        results,
        {
            "gallery.png": saved(lambda: gallery(shown, rows)),
            "distances.png": saved(lambda: distances_figure(shown)),
        },
    )


def _classifiers(setup: Setup, how: ClassifierSettings) -> dict[str, nn.Module]:
    """Return other classifiers of digits, which differ in their seeds."""

    return {
        name: trained_classifier(setup.train, replace(how, seed=seed), Cache.usual())
        for name, seed in zip(MODELS, SEEDS, strict=True)
    }


def _records(setup: Setup, models: list[nn.Module]) -> dict[str, Counterfactuals]:
    """Return what each search found, by its name.

    Args:
        setup: What is searched.
        models: Those that are to agree with the setup's.
    """

    agreed = GradientMethod(price=partial(Agreed, models=models))
    setups = {
        name: replace(
            setup,
            run=replace(
                setup.run,
                closest=distances,
                closest_steps=min(setup.run.closest_steps, steps),
            ),
        )
        for name, (distances, steps) in CLOSEST.items()
    }

    return {
        **{name: each.search() for name, each in setups.items()},
        "smoothed": setup.search(GradientMethod(price=Smoothed)),
        "agreed": setup.search(agreed),
        "agreed_data": setups["data"].search(agreed, SURE),
    }


def _closest_results(records: Mapping[str, Counterfactuals]) -> dict[str, float]:
    plain, latent, data = (records[name] for name in CLOSEST)
    ratio = latent.latent_distance / plain.latent_distance

    return {
        "kkt_angle_degrees_median": _angle(latent),
        "kkt_angle_degrees_median_data": _angle(data),
        "kkt_angle_degrees_median_agreed_data": _angle(records["agreed_data"]),
        "l2_latent_ratio": median(ratio[plain.reached & latent.reached]),
    }


def _angle(record: Counterfactuals) -> float:
    angle = record.statements["kkt_angle"]

    return median(angle[angle.isfinite()])


def _radius_results(
    records: Mapping[str, Counterfactuals], setup: Setup, scale: Scale
) -> dict[str, float]:
    """Return how certified radii around the first fours compare to what was found."""

    rows = torch.arange(min(scale.certified, len(setup.fours)))
    plain, latent = records["plain"].select(rows), records["latent"].select(rows)
    smoothing = replace(scale.smoothing, progress=setup.run.progress)
    objective = TargetClass(TARGET, CONFIDENCE)
    stated = certify(plain, setup.model, objective, setup.flow, smoothing)
    radius = stated.statements["certified_radius"]
    found = plain.latent_distance.minimum(latent.latent_distance)

    return {
        "certified_radius_median": median(radius),
        "certified_radius_max": radius.max().item(),
        "certified_radius_below_distance_share": mean(radius < found),
    }


def _rank(record: Counterfactuals, setup: Setup) -> float:
    """Return the median number of the last real nines that are more typical."""

    nines = setup.test.of(TARGET)[-REFERENCES:]
    labels = torch.full((len(nines),), TARGET)
    found = typicality(record.select(record.reached), setup.flow, nines, labels)

    return median(found.statements["typicality_rank"])


def _agreement_results(
    records: Mapping[str, Counterfactuals],
    models: Mapping[str, nn.Module],
    setup: Setup,
) -> dict[str, float]:
    """Return how often a classifier that no search knew sees nines."""

    held_out = models["held_out"]
    agreed, plain = (
        agreement(records[name], held_out).statements for name in ("agreed", "plain")
    )
    accuracies = apply_rules(
        {
            "cnn_accuracy_{}": lambda model: accuracy(
                classifier_oracle(model), setup.test
            )
        },
        models,
    )

    return {
        "agreement_held_out_before": mean(agreed["agreement_before"]),
        "agreement_held_out_after": mean(agreed["agreement_after"]),
        "agreement_held_out_after_plain": mean(plain["agreement_after"]),
        **accuracies,
    }


MNIST_CLOSEST = Experiment(
    "mnist-closest",
    "MNIST: the nearest nines, and what is known of each.",
    measure_mnist_closest,
    GOALS,
    "goal",
)
