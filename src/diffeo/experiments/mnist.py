"""Section IV-B on MNIST: models, fours to nines, and how good they are."""

import math
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.arithmetic import multiply_adds
from diffeo.batching import batches_of
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.mnist import Digits, mnist
from diffeo.experiments.fours import (
    CONFIDENCE,
    CONTROL_ROWS,
    CONTROL_STEPS,
    PAPER,
    SOURCE,
    TARGET,
    adversarial,
    counterfactual,
    digits_flow,
    right_digits,
    untrained_flow,
)
from diffeo.experiments.reporting import told
from diffeo.experiments.results import Reproduction, show_table, write_results
from diffeo.metrics.distances import distance
from diffeo.metrics.neighbors import neighbor_share
from diffeo.metrics.oracles import Oracle, agreement, svm
from diffeo.models.flow.dequantization import dequantize
from diffeo.models.flow.flow import Flow
from diffeo.objectives import Point, TargetClass
from diffeo.report.answers import Classes
from diffeo.report.figures import confidence_figure, gallery
from diffeo.report.film import reels
from diffeo.report.images import to_8_bits
from diffeo.report.page import Report, Story, write_page
from diffeo.search import Run

__all__ = ["reproduce_mnist"]

PUBLISHED = {"cnn_accuracy": 0.99, "svm_accuracy": 0.92}
ROWS, QUICK_ROWS = 200, 8
NONE = torch.full((1,), torch.nan)  # the mean over no rows


def reproduce_mnist(how: Reproduction) -> dict[str, float]:
    """Turn 200 test fours into nines and write figures and results.

    The control, an untrained flow of the same shape, gets 50 of them and 300 steps.

    Args:
        how: Where the data are, where the results go, and whether to be quick.

    Returns:
        The results by name, as in results.json.
    """

    train, test = mnist("train", how.data), mnist("test", how.data)
    flow, model = digits_flow(), zoo.load("mnist-cnn")
    train = train.select(slice(2_000 if how.quick else None))
    fours = right_digits(
        test, model, digit=SOURCE, count=QUICK_ROWS if how.quick else ROWS
    )
    run = Run(steps=100 if how.quick else 2000, path=True, progress=how.progress)
    start = untrained_flow(train)
    records = {
        "latent": counterfactual(fours, model, flow, run=run),
        "adam": counterfactual(fours, model, flow, run=run, ascent=PAPER),
        "data": adversarial(fours, model, run=run),
        "untrained": counterfactual(
            fours[:CONTROL_ROWS],
            model,
            start,
            run=replace(run, steps=min(run.steps, CONTROL_STEPS)),
        ),
    }
    seen = test.select(slice(500 if how.quick else None))
    results = {
        **_flow_figures(flow, seen),
        "cnn_accuracy": _accuracy(lambda x: model(x).argmax(1), seen),
        **_search_figures(records, model),
        **_oracle_figures(records, train, seen, fours),
    }
    _draw(records, how)
    _report(records, {"latent": flow, "adam": flow, "untrained": start}, how)
    write_results(results, how.out)
    show_table("MNIST, four to nine", results, PUBLISHED)

    return results


@torch.no_grad()
def _flow_figures(flow: Flow, digits: Digits) -> dict[str, float]:
    generator = torch.Generator().manual_seed(0)
    bits, norms, centers = [], [], []

    for x in batches_of(digits.images):
        noisy = dequantize(x, generator=generator)
        bits.append(flow.bits_per_dimension(noisy))
        norms.append(flow.encode(noisy).norm(dim=1))
        centers.append(flow.encode(x).norm(dim=1))

    thousand = digits.images[:1000]
    error = torch.cat(
        [flow.decode(flow.encode(x)) - x for x in batches_of(thousand, 250)]
    )

    return {
        "flow_bits_per_dim": torch.cat(bits).mean().item(),
        "flow_parameters": float(sum(value.numel() for value in flow.parameters())),
        "flow_multiply_adds": multiply_adds(
            lambda: flow.decode(torch.zeros(1, math.prod(flow.shape)))
        ),
        "latent_norm_mean": torch.cat(norms).mean().item(),
        "latent_norm_mean_centers": torch.cat(centers).mean().item(),
        "round_trip_error": error.abs().max().item(),
    }


def _search_figures(
    records: Mapping[str, Counterfactuals], model: nn.Module
) -> dict[str, float]:
    results: dict[str, float] = {}

    for name, record in records.items():
        reached = record.reached
        steps = record.steps[reached].double()
        results |= {
            f"reached_{name}": reached.double().mean().item(),
            f"reached_{name}_8bit": _still_there(record, model),
            f"steps_{name}_median": steps.median().item() if len(steps) else math.nan,
            f"distance_{name}_median": distance(record.counterfactual, record.factual)
            .median()
            .item(),
            f"seconds_per_image_{name}": record.seconds.mean().item(),
        }

    return results


@torch.no_grad()
def _still_there(record: Counterfactuals, model: nn.Module) -> float:
    """Return the share of rows at their target once rounded to 8 bits."""

    objective = TargetClass(TARGET, CONFIDENCE)
    outputs = record.outputs_before
    start = Point(record.factual, record.origin, outputs, record.factual, record.origin)
    rounded = to_8_bits(record.counterfactual)
    end = Point(rounded, record.latent, model(rounded), record.factual, record.origin)
    margin = objective.margin(end, objective.start(start))

    return (margin >= 0).double().mean().item()


def _oracle_figures(
    records: Mapping[str, Counterfactuals], train: Digits, test: Digits, fours: Tensor
) -> dict[str, float]:
    """Return what an oracle and the neighbors say, of the rows at their target."""

    oracle = svm(train.images, train.labels)
    nines = test.images[test.labels == TARGET][: len(fours)]
    judged = {
        **{
            name: record.counterfactual[record.reached]
            for name, record in records.items()
        },
        "originals": fours,
        "real": nines,
    }
    results = {"svm_accuracy": _accuracy(oracle, test)}

    for name, x in judged.items():
        says = agreement(oracle, x, TARGET) if len(x) else NONE
        near = (
            neighbor_share(x, train.images, train.labels, target=TARGET)
            if len(x)
            else NONE
        )
        results |= {
            f"svm_target_{name}": _mean(says),
            f"knn_target_{name}": _mean(near),
        }

    return results


@torch.no_grad()
def _accuracy(answer: Oracle, digits: Digits) -> float:
    answers = torch.cat([answer(x) for x in batches_of(digits.images)])

    return _mean((answers == digits.labels).float())


def _mean(values: Tensor) -> float:
    return values.double().mean().item()


def _draw(records: Mapping[str, Counterfactuals], how: Reproduction) -> None:
    shown = {
        "ascent in Z": records["latent"],
        "ascent in X": records["data"],
        "ascent in Z, untrained flow": records["untrained"],
    }
    gallery(shown, range(min(12, len(records["latent"])))).savefig(
        how.out / "gallery.png", dpi=150
    )
    paths = {name: record.path_margin for name, record in shown.items()}
    confidence_figure(paths, CONFIDENCE).savefig(how.out / "confidence.png", dpi=150)


def _report(
    records: Mapping[str, Counterfactuals],
    flows: Mapping[str, Flow],
    how: Reproduction,
) -> None:
    names = {
        "latent": ("Z", "mnist-flow"),
        "adam": ("Z, the paper’s ascent", "mnist-flow"),
        "data": ("X", "data"),
        "untrained": ("Z of an untrained flow", "mnist-flow, untrained"),
    }
    places: dict[str, Coordinates] = {
        "data": Identity(tuple(records["data"].factual.shape[1:])),
        **{method: Bounded(flow) for method, flow in flows.items()},
    }
    shown = {
        name: told(records[key], model="mnist-cnn", coordinates=coordinates)
        for key, (name, coordinates) in names.items()
    }
    films = {name: reels(records[key], places[key]) for key, (name, _) in names.items()}
    story = Story(
        title="MNIST, four to nine",
        question="What would have to change in these handwritten fours for the "
        f"classifier to see a nine with a confidence above {CONFIDENCE}?",
        model="mnist-cnn",
        answers=Classes(CONFIDENCE),
    )
    write_page(Report(story, shown, films), how.out / "report.html")
