"""Fours that become nines in approximate coordinates: an autoencoder and a GAN."""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import cast

import torch
from torch import nn

from diffeo import zoo
from diffeo.coordinates.inversion import Inversion, InvertedGenerator
from diffeo.coordinates.protocol import Coordinates
from diffeo.coordinates.residual import Residual
from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.comparison import compare
from diffeo.evaluation.evaluation import Evaluation
from diffeo.evaluation.intervals import Interval, median
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, Metric, metric
from diffeo.evaluation.metrics import agreement, change, outcome, realism
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.settings import Settings, quick_settings
from diffeo.evaluation.task import Task
from diffeo.models.flow.flow import as_flow
from diffeo.models.vae import VAE
from diffeo.objectives import TargetClass
from diffeo.report.figures import gallery
from diffeo.search import Run
from diffeo.shapes import Images, Scores
from reproduction.coordinates import found_in, round_trip_rms
from reproduction.domain import WEIGHTS, trained
from reproduction.experiment import Experiment, ExperimentOptions, Findings
from reproduction.figures import saved
from reproduction.mnist.setup import CONFIDENCE, TARGET, Setup, Size
from reproduction.mnist.training import (
    DIGITS_ENCODER,
    DIGITS_GENERATOR,
    DIGITS_VAE,
)

__all__ = ["GOALS", "MNIST_APPROXIMATE"]

FULL = Size(fours=100, run=Run(300))
QUICK = Size(fours=2, run=Run(5, retries=0), train=300, test=100)
TINY = {"latent": 4, "widths": [8, 8]}  # of untrained models
INVERSION = Inversion(prior=3e-3)  # chosen on ten validation fours, of this and 1e-4
INVERTED, SHOWN = 100, 6
GENERATORS = "flow", "vae", "gan"
JUDGED_BY = "mnist-realnvp"  # whose density no search has climbed
GOALS = {
    "vae_success": "≥ 0.95",
    "gan_success": "≥ 0.95",
    "vae_minus_data_svm_target": "≥ 0.3",
    "gan_minus_data_svm_target": "≥ 0.3",
    "gan_inversion_mse": "≤ 0.02",
    "gan_inversion_share": "≤ 0.333",
    "round_trip_ratio": "≥ 100",
}


@metric(Better.HIGHER, median)
def ssim_reconstruction_median(record: Counterfactuals, _: Judges) -> Scores:
    """How alike counterfactual and reconstruction look: 1 if nothing changed."""

    return change.ssim(record.counterfactual, record.reconstruction)


METRICS: Mapping[str, Metric] = {
    "{}_success": outcome.success,
    "{}_svm_target": agreement.svm_target,
    "{}_knn_target": agreement.knn_target,
    "{}_consensus_target": agreement.consensus_target,
    "{}_im1_mean": realism.im1_mean,
    "{}_typicality_median": realism.typicality_median,
    "{}_l2_data_median": outcome.l2_data_median,
    "{}_ssim_factual_median": change.ssim_median,
    "{}_ssim_reconstruction_median": ssim_reconstruction_median,
    "{}_seconds_per_image": outcome.seconds_per_image,
}


def measure_mnist_approximate(options: ExperimentOptions) -> Findings:
    """Turn 100 test fours into nines with a flow, an autoencoder, a GAN, and in X.

    With the residuals of the two that are approximate the search starts at the factual.
    The inversions of the GAN are known by then and take no time again.

    Args:
        options: Where the data are, and whether to be quick.

    Raises:
        FileNotFoundError: If the models have not been trained.
    """

    setup = Setup.load(options, QUICK if options.quick else FULL)
    vae = _vae(quick=options.quick)
    gan = _gan(quick=options.quick, progress=options.progress)
    places: dict[str, Coordinates] = {
        "flow": setup.flow,
        "vae": vae,
        "gan": gan,
        "vae_residual": Residual(vae),
        "gan_residual": Residual(gan),
    }
    records = found_in(setup.fours, setup.model, places, target=TARGET, run=setup.run)
    settings = quick_settings() if options.quick else Settings()
    evaluation = compare(
        records,
        Task(
            setup.model, as_flow(zoo.load(JUDGED_BY)), TargetClass(TARGET, CONFIDENCE)
        ),
        Reference(setup.train, setup.test),
        settings=replace(settings, progress=options.progress),
        metrics=tuple(METRICS.values()),
    )
    results = _judged(evaluation) | _round_trips(records)
    results |= _inverted(setup, vae, gan)
    rows = range(min(SHOWN, len(setup.fours)))
    decoded = {name: records[name] for name in GENERATORS}
    kept = {name: each for name, each in records.items() if "residual" in name}

    return Findings(
        results,
        {
            "gallery.png": saved(
                partial(gallery, decoded, rows, since="reconstruction")
            ),
            "residuals.png": saved(partial(gallery, kept, rows)),
        },
        tuple(name for name in results if not name.endswith(("_low", "_high"))),
    )


def _vae(*, quick: bool) -> VAE:
    tiny = zoo.Recipe("vae", {**DIGITS_VAE.settings, **TINY})
    model = tiny.build().eval() if quick else trained("mnist-vae")

    return cast("VAE", model)


def _gan(*, quick: bool, progress: bool) -> InvertedGenerator:
    """Return the generator, inverted by an encoder followed by descent."""

    if quick:
        recipes = DIGITS_GENERATOR, DIGITS_ENCODER
        settings = {**DIGITS_GENERATOR.settings, **TINY}
        generator, encoder = (
            zoo.Recipe(recipe.name, settings).build().eval() for recipe in recipes
        )
    else:
        generator, encoder = trained("mnist-gan"), trained("mnist-gan-encoder")
        settings = zoo.card(WEIGHTS / "mnist-gan.safetensors").recipe.settings

    return InvertedGenerator(
        generator,
        settings["latent"],
        tuple(settings["shape"]),
        encoder=encoder,
        inversion=replace(INVERSION, steps=5 if quick else 400, progress=progress),
    )


def _judged(evaluation: Evaluation) -> dict[str, float]:
    """Return what was measured of each search and control, with intervals."""

    names = {metric.name: name for name, metric in METRICS.items()}
    results: dict[str, float] = {}

    for found in evaluation.table().measurements:
        name = names[found.metric].format(found.name)
        known = found.name.endswith("residual") and found.metric == "seconds_per_image"

        if not known and not math.isnan(found.value):
            interval = Interval(found.value, found.low, found.high, found.rows)
            results |= interval.as_results(name)

    for name in GENERATORS:
        for judge in ("svm_target", "consensus_target", "knn_target"):
            paired = evaluation.paired(name, "data", judge)
            results |= paired.as_results(f"{name}_minus_data_{judge}")

    return results


def _round_trips(records: Mapping[str, Counterfactuals]) -> dict[str, float]:
    errors = {name: round_trip_rms(records[name]) for name in GENERATORS}
    exact, *approximate = errors.values()

    return {
        **{f"{name}_round_trip_error": error for name, error in errors.items()},
        "round_trip_ratio": min(approximate) / exact,
    }


@torch.no_grad()
def _inverted(setup: Setup, vae: VAE, gan: InvertedGenerator) -> dict[str, float]:
    """Return mean squared errors of the first test digits, and of the mean image."""

    x = setup.test.images[:INVERTED]

    def error(found: Images) -> float:
        return (found - x).square().mean().item()

    latent, average = gan.invert(x).latent, setup.train.images.mean(0, keepdim=True)
    encoder = cast("nn.Module", gan.encoder)
    inverted, nothing = error(gan.decode(latent)), error(average.expand_as(x))

    return {
        "vae_reconstruction_mse": error(vae.decode(vae.encode(x))),
        "gan_inversion_mse": inverted,
        "gan_encoder_mse": error(gan.decode(encoder(x))),
        "mean_image_mse": nothing,
        "gan_inversion_share": inverted / nothing,
        "gan_latent_norm_ratio": latent.square().mean().sqrt().item(),
    }


MNIST_APPROXIMATE = Experiment(
    "mnist-approximate",
    "MNIST: a flow, an autoencoder and a GAN as coordinates.",
    measure_mnist_approximate,
    GOALS,
    "goal",
)
