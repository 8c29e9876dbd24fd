"""Where a chest X-ray comes from: a cue that goes with the finding."""

import torch
from torch import nn

from diffeo.batching import in_batches
from diffeo.data.labelled import LabelledImages
from diffeo.data.xrays import XRays
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.intervals import interval_of, mean, share
from diffeo.evaluation.oracle_training import ClassifierSettings, trained_classifier
from diffeo.evaluation.oracles import classifier_oracle
from diffeo.shapes import Images, Scores
from reproduction.chest.training import DRAWN
from reproduction.domain import Found, accuracies

__all__ = ["across_results", "by_source", "source_classifier", "source_results"]

STEPS = 400
ENLARGED = 1


def by_source(xrays: XRays) -> LabelledImages:
    """Return images in two classes: the sources with masks, in order."""

    drawn = xrays.from_sources(*DRAWN)
    labels = torch.tensor([DRAWN.index(each) for each in drawn.sources])

    return LabelledImages(drawn.labelled().images, labels, DRAWN)


def source_classifier(xrays: XRays, *, quick: bool) -> nn.Module:
    """Return a network that tells the sources apart, trained or from the cache.

    Args:
        xrays: Training images of both sources.
        quick: Whether to hardly train it.
    """

    how = ClassifierSettings(steps=10 if quick else STEPS, size=32, seed=501)

    return trained_classifier(by_source(xrays), how, Cache.usual())


def source_results(model: nn.Module, found: Found, held_out: XRays) -> dict[str, float]:
    """Return how well sources are told apart, and how far counterfactuals change them.

    A shift is the change of the probability of the second source, in which enlarged
    hearts are frequent: a classifier that looks at the source moves it.

    Args:
        model: Tells the sources apart.
        found: Counterfactuals by where they were found.
        held_out: Images that it has not seen.
    """

    results = accuracies("source", classifier_oracle(model), by_source(held_out))

    for name, record in found.items():
        there = record.select(record.reached)
        shift = _probability(model, there.counterfactual) - _probability(
            model, there.factual
        )
        results |= interval_of(shift.double(), mean).as_results(f"source_shift_{name}")

    return results


def across_results(model: nn.Module, across: Found) -> dict[str, float]:
    """Return how often a classifier of hearts changes its mind along with the source.

    Args:
        model: Tells healthy hearts from enlarged ones.
        across: What turned images of the first source into ones of the second, by where
            it was found.
    """

    oracle = classifier_oracle(model)
    results: dict[str, float] = {}

    for name, record in across.items():
        before, after = oracle(record.factual), oracle(record.counterfactual)
        turned = (after == ENLARGED).double()
        turned = turned.where(record.reached & (before != ENLARGED), torch.nan)
        reached = interval_of(record.reached.double(), share)
        results |= reached.as_results(f"across_reached_{name}")
        results |= interval_of(turned, share).as_results(f"across_model_turned_{name}")

    return results


@torch.no_grad()
def _probability(model: nn.Module, x: Images) -> Scores:
    return in_batches(model, x, 50).softmax(1)[:, 1]
