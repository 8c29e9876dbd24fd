"""Counterfactuals where the truth is known: do they name the cue, and nothing else?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial

import torch
from torch import Tensor, nn

from diffeo.counterfactuals import Counterfactuals
from diffeo.data.labelled import LabelledImages
from diffeo.data.mnist import mnist, sample_digits
from diffeo.distances import LatentDistance
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.oracle_training import ClassifierSettings, trained_classifier
from diffeo.evaluation.reference import to_bytes
from diffeo.methods import GradientMethod, adversarial, diffeomorphic, revise, wachter
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.flow import Flow, as_flow
from diffeo.report.figures import gallery
from diffeo.search import Run
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.likelihood import Likelihood
from diffeo.training.noise import UniformNoise
from diffeo.training.schedule import Schedule
from diffeo.workflows.train import flow_recipe
from reproduction.experiment import Experiment, ExperimentOptions, Findings, mean
from reproduction.figures import saved
from reproduction.truth.tasks import SIDE, TASKS, Task

__all__ = ["TRUTH"]

CONFIDENCE = 0.99
SPREAD = torch.tensor((0.005, 0.995))  # quantiles of an attribute that count as usual
BATCH = 64
INITIAL = 1000  # images that the first scales of a flow are taken from
SHOWN = 6  # rows of a gallery
LATENT = (LatentDistance(),)


@dataclass(frozen=True)
class Size:
    """How much is done.

    Args:
        train: Images to train on.
        test: Images that the classifier's accuracy is measured on.
        inputs: Images that are explained, half of them in each direction.
        epochs: Passes of a flow over its images.
        classifier: The classifier and its training.
        run: How long to search.
    """

    train: int = 8000
    test: int = 2000
    inputs: int = 100
    epochs: int = 12
    classifier: ClassifierSettings = field(
        default_factory=partial(ClassifierSettings, width=8, steps=600)
    )
    run: Run = field(default_factory=partial(Run, steps=500))


QUICK = Size(40, 20, 2, 1, ClassifierSettings(width=2, steps=5), Run(steps=3))
METHODS: dict[str, tuple[GradientMethod, tuple[LatentDistance, ...]]] = {
    "diffeomorphic": (diffeomorphic(), ()),
    "closest": (diffeomorphic(), LATENT),
    "adversarial": (adversarial(), ()),
    "wachter": (wachter(), ()),
    "revise": (revise(), ()),
}
"""The methods with their published or usual settings, and what they then minimize."""


def measure_truth(options: ExperimentOptions) -> Findings:
    """Train on each task, search by each method, and measure the attributes."""

    size = QUICK if options.quick else Size()
    digits = _digits(options, size)
    results: dict[str, float] = {}
    records: dict[str, dict[str, Counterfactuals]] = {}

    for name, task in TASKS.items():
        data = task.draw(digits, seed=0)
        train = data.select(slice(size.train))
        test = data.select(slice(size.train, None))
        model = trained_classifier(train, size.classifier, Cache.usual())
        flow = trained_flow(train.images, size)
        results |= _measured_models(name, model, flow, test)
        records[name] = {}

        for method in METHODS:
            found = [_search(method, model, flow, test, size, way) for way in (0, 1)]
            scored = [scores(task, train, each, way) for way, each in enumerate(found)]
            records[name][method] = found[0]

            for what in scored[0]:
                flags = torch.cat([way[what] for way in scored])
                results[f"{name}_{method}_{what}"] = mean(flags)

    for method in METHODS:
        for what in ("named", "no_lie"):
            each = [results[f"{name}_{method}_{what}"] for name in TASKS]
            results[f"{method}_{what}"] = sum(each) / len(each)

    rows = range(min(SHOWN, size.inputs // 2))
    drawings = {
        f"{name}.png": saved(partial(gallery, found, rows))
        for name, found in records.items()
    }

    return Findings(results, drawings)


def scores(
    task: Task, real: LabelledImages, record: Counterfactuals, start: int
) -> dict[str, Tensor]:
    """Return whether each row names the cue, adds no lie, and reached its target.

    A row names the cue if it reached its target and the measured cue crossed the middle
    between the means of the classes. It adds no lie if every other attribute is within
    the central 99 % of real images of the class that it comes from.

    Args:
        task: What is measured.
        real: Images of both classes.
        record: Counterfactuals of images of one class.
        start: This class.
    """

    x, cue = record.counterfactual, task.attributes[task.cue]
    middle = (cue(real.of(0)).mean() + cue(real.of(1)).mean()) / 2
    crossed = (cue(x) > middle) == (start == 0)
    honest = torch.ones(len(x), dtype=torch.bool)

    for name, measure in task.attributes.items():
        if name != task.cue:
            low, high = measure(real.of(start)).quantile(SPREAD)
            value = measure(x)
            honest &= (value >= low) & (value <= high)

    return {
        "named": record.reached & crossed,
        "no_lie": honest,
        "reached": record.reached,
    }


def trained_flow(images: Tensor, size: Size) -> Flow:
    """Return a small Glow of the images, trained or from the cache."""

    recipe = flow_recipe((1, SIDE, SIDE), "small")
    flow = as_flow(recipe.build())
    schedule = Schedule()
    key = {"recipe": recipe.settings, "epochs": size.epochs, **asdict(schedule)}

    def train(_: nn.Module) -> None:
        generator = torch.Generator().manual_seed(0)
        initialize(flow, UniformNoise()(images[:INITIAL], 0.0, generator=generator))
        loader = batches(to_bytes(images), size=BATCH, seed=0)
        how = Fit(None, size.epochs, progress=False)
        fit(Likelihood(flow, schedule, seed=0), loader, None, how)

    return as_flow(
        Cache.usual().trained(flow, train, data=[to_bytes(images)], settings=key)
    )


def _digits(options: ExperimentOptions, size: Size) -> Tensor:
    count = size.train + size.test

    if options.quick:
        return sample_digits().images[:count]

    return mnist("train", options.data).images[:count]


def _search(
    method: str,
    model: nn.Module,
    flow: Flow,
    test: LabelledImages,
    size: Size,
    start: int,
) -> Counterfactuals:
    how, closest = METHODS[method]

    return how.explain(
        test.of(start)[: size.inputs // 2],
        model,
        flow,
        target=1 - start,
        confidence=CONFIDENCE,
        run=replace(size.run, closest=closest),
    )


@torch.no_grad()
def _measured_models(
    name: str, model: nn.Module, flow: Flow, test: LabelledImages
) -> Mapping[str, float]:
    generator = torch.Generator().manual_seed(0)
    noisy = UniformNoise()(test.images, 1.0, generator=generator)

    right = model(test.images).argmax(1) == test.labels

    return {
        f"{name}_classifier_accuracy": mean(right),
        f"{name}_flow_bits_per_dim": mean(flow.bits_per_dimension(noisy)),
    }


TRUTH = Experiment(
    "truth",
    "Where the cue is known: do counterfactuals name it, and add no lie?",
    measure_truth,
    {
        "diffeomorphic_named": "≥ 0.95",
        "diffeomorphic_no_lie": "≥ 0.80",
        "adversarial_named": "≤ 0.30",
    },
    "goal",
)
