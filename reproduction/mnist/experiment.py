"""Section IV-B on MNIST: models, fours to nines, and how good they are."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from diffeo.arithmetic import multiply_adds
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.levels import to_8_bits
from diffeo.evaluation.intervals import Interval, interval_of, share
from diffeo.evaluation.oracles import Oracle, classifier_oracle, svm
from diffeo.models.flow.dequantization import dequantize
from diffeo.models.flow.flow import Flow
from diffeo.objectives import confidence_of
from diffeo.report import ReportOptions, write_report
from diffeo.report.figures import along_path
from diffeo.report.gallery import gallery
from diffeo.search import Run
from diffeo.shapes import Images
from reproduction.experiment import (
    Experiment,
    ExperimentOptions,
    Findings,
    apply_rules,
    mean,
    median,
    with_ends,
    without_ends,
)
from reproduction.figures import saved
from reproduction.mnist.setup import (
    CONFIDENCE,
    IN_X,
    PAPER,
    TARGET,
    Setup,
    Size,
    oracle_intervals,
)

__all__ = ["MNIST"]

FULL = Size(fours=200, run=Run(2000, path=True))
QUICK = Size(3, Run(25, path=True, patience=25, retries=0), train=150, test=60)
SHOWN = 12  # rows of the gallery
SEARCH: dict[str, Callable[[Counterfactuals], float]] = {
    "steps_{}_median": lambda record: median(record.steps[record.reached]),
    "steps_{}_max": lambda record: float(record.steps.max()),
    "distance_{}_median": lambda record: median(record.distance),
    "seconds_per_image_{}": lambda record: mean(record.seconds),
}


def measure_mnist(options: ExperimentOptions) -> Findings:
    """Turn 200 test fours into nines, in Z and in X, and judge them.

    Args:
        options: Where the data are, and whether to be quick.
    """

    setup = Setup.load(options, QUICK if options.quick else FULL)
    published = replace(setup, run=replace(setup.run, patience=setup.run.steps))
    records = {
        "latent": setup.search(),
        "adam": published.search(PAPER),
        "data": published.search(IN_X),
        "untrained": setup.control(),
    }
    train, test = setup.train, setup.test
    oracle = svm(train.images, train.labels)
    judged = {
        name: record.counterfactual[record.reached] for name, record in records.items()
    }
    judged["originals"] = setup.fours
    judged["real"] = test.of(TARGET)[: len(setup.fours)]
    oracles = {"cnn": classifier_oracle(setup.model), "svm": oracle}
    right: dict[str, Callable[[Oracle], Interval]] = {
        "{}_accuracy": lambda each: interval_of(
            (each(test.images) == test.labels).double(), share
        )
    }
    results = {
        **_flow_results(setup.flow, test.images),
        **with_ends(apply_rules(right, oracles)),
        **with_ends(apply_rules(_share_rules(setup), records)),
        **apply_rules(SEARCH, records),
        **with_ends(apply_rules(oracle_intervals(oracle, train), judged)),
    }
    shown = {
        "ascent in Z": records["latent"],
        "ascent in X": records["data"],
        "ascent in Z, untrained flow": records["untrained"],
    }
    rows = range(min(SHOWN, len(records["untrained"])))

    return Findings(
        results,
        {
            "gallery.png": saved(lambda: gallery(shown, rows)),
            "confidence.png": saved(lambda: along_path(shown)),
            "report.html": lambda path: _write_page(records, setup, path),
        },
        without_ends(results),
    )


@torch.no_grad()
def _flow_results(flow: Flow, images: Images) -> dict[str, float]:
    generator = torch.Generator().manual_seed(0)
    bits, norms, centers = [], [], []

    for x in images.split(500):
        noisy = dequantize(x, generator=generator)
        bits.append(flow.bits_per_dimension(noisy))
        norms.append(flow.encode(noisy).norm(dim=1))
        centers.append(flow.encode(x).norm(dim=1))

    error = [flow.decode(flow.encode(x)) - x for x in images[:1000].split(250)]

    return {
        "flow_bits_per_dim": torch.cat(bits).mean().item(),
        "flow_parameters": float(sum(value.numel() for value in flow.parameters())),
        "flow_multiply_adds": multiply_adds(
            lambda: flow.decode(torch.zeros(1, math.prod(flow.shape)))
        ),
        "latent_norm_mean": torch.cat(norms).mean().item(),
        "latent_norm_mean_centers": torch.cat(centers).mean().item(),
        "round_trip_error": torch.cat(error).abs().max().item(),
    }


def _share_rules(setup: Setup) -> dict[str, Callable[[Counterfactuals], Interval]]:
    def stays(record: Counterfactuals) -> Interval:
        """Return the share of rows at their target once rounded to 8 bits."""

        outputs = setup.model(to_8_bits(record.counterfactual))
        kept = confidence_of(outputs, record.target.long()) >= CONFIDENCE

        return interval_of(kept.double(), share)

    return {
        "reached_{}": lambda record: interval_of(record.reached.double(), share),
        "reached_{}_8bit": stays,
    }


def _write_page(
    records: Mapping[str, Counterfactuals], setup: Setup, path: Path
) -> None:
    along, untrained = Bounded(setup.flow), Bounded(setup.untrained)
    places: dict[str, tuple[str, Coordinates]] = {
        "latent": ("Z", along),
        "adam": ("Z, the paper’s ascent", along),
        "data": ("X", Identity(setup.flow.shape)),
        "untrained": ("Z of an untrained flow", untrained),
    }
    write_report(
        {name: records[key] for key, (name, _) in places.items()},
        path.parent,
        ReportOptions("MNIST, four to nine", coordinates=dict(places.values())),
    )


MNIST = Experiment(
    "mnist",
    "MNIST: fours to nines, in latent space and in data space.",
    measure_mnist,
    {"cnn_accuracy": 0.99, "svm_accuracy": 0.92},
)
