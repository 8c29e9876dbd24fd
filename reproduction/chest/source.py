"""Where a chest X-ray comes from: a cue that goes with the finding."""

from collections.abc import Mapping, Sequence

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
from reproduction.chest.change import change_results, growths
from reproduction.chest.training import DRAWN
from reproduction.domain import LATENT, Found, accuracies

__all__ = [
    "across_results",
    "by_source",
    "found_within",
    "source_classifier",
    "source_results",
    "within_results",
]

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


def found_within(found: Found, sources: Sequence[str]) -> dict[str, Found]:
    """Return counterfactuals by the source of their factuals.

    Args:
        found: Counterfactuals by where they were found, of the same factuals.
        sources: That of each factual.
    """

    rows = {
        source: torch.tensor([each == source for each in sources])
        for source in dict.fromkeys(sources)
    }

    return {
        source: {name: record.select(those) for name, record in found.items()}
        for source, those in rows.items()
    }


def within_results(organs: nn.Module, within: Mapping[str, Found]) -> dict[str, float]:
    """Return growths and shares of the change within each source, and how many count.

    Args:
        organs: Finds heart and lungs.
        within: Counterfactuals by the source of their factuals.
    """

    results: dict[str, float] = {}

    for source, found in within.items():
        measured = change_results(organs, found, growths(organs, found))
        results[f"{source}_factuals"] = float(len(found[LATENT]))
        results |= {f"{source}_{key}": value for key, value in measured.items()}

    return results


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
