"""Fours that become nines in approximate coordinates: an autoencoder and a GAN."""

from dataclasses import replace

from diffeo import zoo
from diffeo.coordinates.inversion import Inversion
from diffeo.models.flow.flow import as_flow
from diffeo.search import Run
from reproduction.approximate import Pair, galleries, judged
from reproduction.experiment import (
    Experiment,
    ExperimentOptions,
    Findings,
    without_ends,
)
from reproduction.mnist.setup import Setup, Size

__all__ = ["GOALS", "MNIST_APPROXIMATE"]

FULL = Size(fours=1000, run=Run(300))  # all of the test digits that are right
QUICK = Size(fours=2, run=Run(5, retries=0), train=300, test=100)
INVERSION = Inversion(prior=3e-3)  # chosen on ten validation fours, of this and 1e-4
INVERTED = 100
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


def measure_mnist_approximate(options: ExperimentOptions) -> Findings:
    """Turn all test fours into nines with a flow, an autoencoder, a GAN, and in X.

    Args:
        options: Where the data are, and whether to be quick.

    Raises:
        FileNotFoundError: If the models have not been trained.
    """

    setup = Setup.load(options, QUICK if options.quick else FULL)
    steps = 5 if options.quick else INVERSION.steps
    inversion = replace(INVERSION, steps=steps, progress=options.progress)
    pair = Pair.load("mnist", setup.flow.shape, inversion, quick=options.quick)
    records = pair.search(setup.domain, setup.fours, setup.run)
    judge = replace(setup.domain, flow=as_flow(zoo.load(JUDGED_BY)))
    results = judged(records, judge, options)
    results |= pair.errors(setup.test.images[:INVERTED], setup.train.images)

    return Findings(results, galleries(records), without_ends(results))


MNIST_APPROXIMATE = Experiment(
    "mnist-approximate",
    "MNIST: a flow, an autoencoder and a GAN as coordinates.",
    measure_mnist_approximate,
    GOALS,
    "goal",
)
