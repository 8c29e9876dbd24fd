"""Faces that become blond in approximate coordinates: an autoencoder and a GAN."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import cast

import torch
from torch import nn

from diffeo.coordinates.inversion import Inversion
from diffeo.data.celeba import celeba
from diffeo.search import Run
from diffeo.shapes import Images
from reproduction.approximate import GENERATORS, Pair, galleries, judged
from reproduction.celeba.attributes import attribute_results
from reproduction.celeba.inversion import (
    compare_inversions,
    inversions,
    inverted,
    scaled_features,
)
from reproduction.celeba.networks import attribute_classifier
from reproduction.celeba.regions import region_results
from reproduction.celeba.samples import fitted_decode, frechet_distances, samples
from reproduction.celeba.setup import Setup, Size
from reproduction.celeba.training import SIZE
from reproduction.domain import Domain, Found
from reproduction.experiment import (
    Experiment,
    ExperimentOptions,
    Findings,
    without_ends,
)
from reproduction.figures import saved, stacked_sheets

__all__ = ["CELEBA_APPROXIMATE", "GOALS"]

FULL = Size(blond=100, others=0, run=Run(1000))
QUICK = Size(blond=1, others=0, run=Run(40, retries=0), train=60, test=20)
INVERSION = Inversion(steps=70, batch_size=16)  # so that all takes half an hour
CHOSEN_ON, INVERTED, COMPARED = 8, 100, 50  # faces; the first ones
CONVOLUTIONS, HIDDEN = 11, 15  # first layers of the network of forty attributes
SHOWN = 20  # images of each kind
GOALS = {"vae_reconstruction_mse": "≤ 0.012", "round_trip_ratio": "≥ 100"}


def measure_celeba_approximate(options: ExperimentOptions) -> Findings:
    """Make 100 test faces blond with a flow, an autoencoder, a GAN, and in X.

    How the GAN is inverted is chosen on validation faces. The flow judges what is
    typical, of its own counterfactuals too. Regions are of the change since the
    reconstruction.

    Args:
        options: Where the data are, and whether to be quick.

    Raises:
        FileNotFoundError: If the models have not been trained.
    """

    size = QUICK if options.quick else FULL
    setup, run = Setup.load(options, size), replace(size.run, progress=options.progress)
    domain, number = setup.domain("blond"), setup.number("blond")
    validation = celeba("validation", options.data, size=SIZE, limit=size.test)
    unseen, test = validation.pixels.float() / 255, domain.held_out.images
    teller = attribute_classifier(setup.wide, SIZE, quick=options.quick)
    layers = cast("nn.Sequential", teller)
    features = scaled_features(layers[:CONVOLUTIONS], domain.train.images)
    steps = 2 if options.quick else INVERSION.steps
    inversion = replace(INVERSION, steps=steps, progress=options.progress)
    pair = Pair.load("celeba", domain.flow.shape, inversion, quick=options.quick)
    places = inversions(pair.gan, unseen[:CHOSEN_ON], features)
    few = test[:COMPARED]
    results, made = compare_inversions(places, few, features)
    pair = replace(pair, gan=inverted(pair.gan, places["pixel"].inversion))
    records = pair.search(domain, domain.factuals(size.blond), run)
    real = torch.cat((unseen, test))
    sampled = _sampled(domain, pair, records, len(real))
    changed = {
        name: replace(records[name], factual=records[name].reconstruction)
        for name in (*GENERATORS, "data")
    }
    results |= {
        **judged(records, domain, options),
        **pair.errors(test[:INVERTED], domain.train.images),
        **frechet_distances(sampled, real, layers[:HIDDEN]),
        **attribute_results(records, teller, number),
        **region_results(changed),
    }
    drawn = {"samples.png": sampled, "inversions.png": {"faces": few, **made}}

    return Findings(
        results,
        {
            **galleries(records),
            **{
                name: saved(partial(stacked_sheets, images, SHOWN))
                for name, images in drawn.items()
            },
        },
        without_ends(results),
    )


def _sampled(
    domain: Domain, pair: Pair, records: Found, count: int
) -> Mapping[str, Images]:
    """Return training faces and as many samples of each generator.

    Those of the autoencoder are drawn from its prior, and from where it encodes to.
    """

    train = domain.train.images
    latent = {name: records[name].origin.shape[1] for name in GENERATORS}
    drawn = {
        "flow": samples(domain.flow.decode, latent["flow"], count),
        "vae": samples(pair.vae.decode, latent["vae"], count),
        "vae_fitted": samples(fitted_decode(pair.vae, train), latent["vae"], count),
        "gan": samples(pair.gan.decode, latent["gan"], count),
    }

    return {"real": train[:count], **drawn}


CELEBA_APPROXIMATE = Experiment(
    "celeba-approximate",
    "CelebA: a flow, an autoencoder and a GAN as coordinates.",
    measure_celeba_approximate,
    GOALS,
    "goal",
)
