"""Counterfactuals in approximate coordinates, beside those of a flow."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
from torch import nn

from diffeo import zoo
from diffeo.coordinates.inversion import Inversion, InvertedGenerator
from diffeo.coordinates.protocol import Coordinates
from diffeo.coordinates.residual import Residual
from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.intervals import median
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, Metric, metric
from diffeo.evaluation.metrics import agreement, change, outcome, realism
from diffeo.models.vae import VAE
from diffeo.report.gallery import gallery
from diffeo.search import Run
from diffeo.shapes import Images, Scores
from reproduction.coordinates import found_in, round_trip_rms
from reproduction.domain import WEIGHTS, Domain, Found, trained
from reproduction.experiment import Drawing, ExperimentOptions
from reproduction.figures import saved

__all__ = ["GENERATORS", "Pair", "galleries", "judged"]

TINY = {"latent": 4, "widths": [8, 8]}  # of untrained models
SHOWN = 6
GENERATORS = "flow", "vae", "gan"


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


@dataclass(frozen=True, eq=False)
class Pair:
    """An autoencoder and a GAN of the same images.

    Args:
        vae: The autoencoder.
        gan: The generator, inverted by an encoder followed by descent.
    """

    vae: VAE
    gan: InvertedGenerator

    @classmethod
    def load(
        cls, images: str, shape: tuple[int, ...], inversion: Inversion, *, quick: bool
    ) -> "Pair":
        """Return trained models, or small untrained ones.

        Args:
            images: How names of the weights begin, such as "mnist".
            shape: Shape of one image.
            inversion: How to descend.
            quick: Whether the models are untrained.

        Raises:
            FileNotFoundError: If the models have not been trained.
        """

        if quick:
            settings: dict[str, Any] = {"shape": list(shape), **TINY}
            vae, generator, encoder = (
                zoo.Recipe(name, settings).build().eval()
                for name in ("vae", "generator", "encoder")
            )
        else:
            vae, generator, encoder = (
                trained(f"{images}-{name}") for name in ("vae", "gan", "gan-encoder")
            )
            settings = zoo.card(WEIGHTS / f"{images}-gan.safetensors").recipe.settings

        gan = InvertedGenerator(
            generator, settings["latent"], shape, encoder=encoder, inversion=inversion
        )

        return cls(cast("VAE", vae), gan)

    def search(self, domain: Domain, x: Images, run: Run) -> dict[str, Counterfactuals]:
        """Return what is found in the flow, in each of the two, and in the data.

        With the residuals of the two the search starts at the factual. The inversions
        of the GAN are known by then and take no time again.

        Args:
            domain: The flow, the classifier and the target.
            x: Factuals.
            run: How to search.
        """

        places: dict[str, Coordinates] = {
            "flow": domain.flow,
            "vae": self.vae,
            "gan": self.gan,
            "vae_residual": Residual(self.vae),
            "gan_residual": Residual(self.gan),
        }

        return found_in(x, domain.model, places, target=domain.target, run=run)

    @torch.no_grad()
    def errors(self, x: Images, train: Images) -> dict[str, float]:
        """Return mean squared errors of images, and of the mean training image."""

        def error(found: Images) -> float:
            return (found - x).square().mean().item()

        gan = self.gan
        latent, average = gan.invert(x).latent, train.mean(0, keepdim=True)
        encoder = cast("nn.Module", gan.encoder)
        inverted, nothing = error(gan.decode(latent)), error(average.expand_as(x))

        return {
            "vae_reconstruction_mse": error(self.vae.decode(self.vae.encode(x))),
            "gan_inversion_mse": inverted,
            "gan_encoder_mse": error(gan.decode(encoder(x))),
            "mean_image_mse": nothing,
            "gan_inversion_share": inverted / nothing,
            "gan_latent_norm_ratio": latent.square().mean().sqrt().item(),
        }


def judged(
    records: Found, domain: Domain, options: ExperimentOptions
) -> dict[str, float]:
    """Return what judges say of each search and control, and the round-trip errors.

    Args:
        records: By where they were found.
        domain: What judges learn from, and the flow that judges what is typical.
        options: Whether to be quick, and to show a bar.
    """

    evaluation = domain.judge(records, options, metrics=tuple(METRICS.values()))
    names = {metric: name for name, metric in METRICS.items()}
    results: dict[str, float] = {}

    for name, judge, interval in evaluation.measurements:
        known = name.endswith("residual") and judge == outcome.seconds_per_image

        if not known and not math.isnan(interval.value):
            results |= interval.as_results(names[judge].format(name))

    for name in GENERATORS:
        for key in ("svm_target", "consensus_target", "knn_target"):
            paired = evaluation.paired(name, "data", key)
            results |= paired.as_results(f"{name}_minus_data_{key}")

    return results | _round_trips(records)


def _round_trips(records: Found) -> dict[str, float]:
    errors = {name: round_trip_rms(records[name]) for name in GENERATORS}
    exact, *approximate = errors.values()

    return {
        **{f"{name}_round_trip_error": error for name, error in errors.items()},
        "round_trip_ratio": min(approximate) / exact,
    }


def galleries(records: Found) -> dict[str, Drawing]:
    """Return functions that draw Figure 9, and the same with residuals.

    Source: Dombrowski et al., 2024, Figure 9.
    """

    rows = range(min(SHOWN, len(records["data"])))
    decoded = {name: records[name] for name in GENERATORS}
    kept = {name: each for name, each in records.items() if "residual" in name}

    return {
        "gallery.png": saved(partial(gallery, decoded, rows)),
        "residuals.png": saved(partial(gallery, kept, rows)),
    }
