"""Section IV-B on chest X-rays: healthy to enlarged hearts, and how wide they get."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from matplotlib.figure import Figure
from torch import nn

from diffeo.data.chexpert import chexpert
from diffeo.data.xrays import XRays
from diffeo.evaluation.oracle_training import AutoencoderSettings, ClassifierSettings
from diffeo.evaluation.oracles import classifier_oracle
from diffeo.evaluation.settings import Settings
from diffeo.models.flow.flow import as_flow
from diffeo.report import ReportOptions, write_report
from diffeo.report.gallery import gallery
from diffeo.search import Run
from diffeo.shapes import Scores
from diffeo.training.noise import GaussianNoise
from diffeo.workflows.evaluate import measures_of
from reproduction.chest.change import change_figure, change_results, growths
from reproduction.chest.organs import organ_masks
from reproduction.chest.source import (
    across_results,
    by_source,
    found_within,
    source_classifier,
    source_results,
    within_results,
)
from reproduction.chest.training import DRAWN, SIZE, has_masks, measured, overlaps
from reproduction.domain import (
    DATA,
    LATENT,
    METHODS,
    Domain,
    Found,
    accuracies,
    domain_results,
    trained,
)
from reproduction.experiment import Experiment, ExperimentOptions, Findings
from reproduction.figures import box_plot, saved
from reproduction.judged_figures import comparison_drawings

__all__ = ["CHEST_XRAY"]

SHOWN = 12  # X-rays of the gallery
PUBLISHED: Mapping[str, float | str] = {
    "model_accuracy": 0.86,
    "oracle_accuracy": 0.70,
    "l2_data_latent_median": "mean 13.69",
    "l2_data_data_median": "mean 1.59",
}


@dataclass(frozen=True)
class Size:
    """How much of the data an experiment takes.

    Args:
        healthy: Healthy hearts that are to grow.
        run: How to search.
        every: Of so many training images the first is taken.
    """

    healthy: int
    run: Run
    every: int = 1


JUDGES = Settings(
    AutoencoderSettings(steps=300),
    tuple(ClassifierSettings(steps=300, size=32, seed=seed) for seed in (101, 102)),
)
"""Trained for less long than usual, as there are few and large images."""
FULL = Size(healthy=60, run=Run(1000))
QUICK = Size(healthy=1, run=Run(30, retries=0), every=12)


def measure_chest_xray(options: ExperimentOptions) -> Findings:
    """Let 60 healthy hearts grow, in Z and in X, measure the chest, turn the source.

    CheXpert itself has one source and no masks: hearts grow, and nothing is measured.

    Args:
        options: Where the data are, and whether to be quick.
    """

    size = QUICK if options.quick else FULL
    size = replace(size, run=replace(size.run, progress=options.progress))
    train = measured(chexpert("train", options.data, size=SIZE))
    train = train.select(slice(None, None, size.every))
    held_out = _drawn_first(chexpert("validation", options.data, size=SIZE))
    drawn = measured(held_out)
    domain = Domain(
        train.labelled(),
        held_out.labelled(),
        as_flow(trained("chest-flow")),
        trained("chest-cnn"),
    )
    rows = domain.rows(size.healthy)
    found = domain.search(domain.held_out.images[rows], size.run)
    evaluation = domain.judge(found, options, settings=JUDGES)
    results = {
        **domain_results(
            domain, found, evaluation, GaussianNoise(), tested=drawn.labelled()
        ),
        **_within_sources(domain.model, held_out),
    }
    report = ReportOptions(
        "Chest X-rays, healthy to enlarged heart",
        classes=domain.train.class_names,
        measures=measures_of(evaluation, list(METHODS)),
    )
    few = range(min(SHOWN, len(rows)))
    drawings = {
        **comparison_drawings({"": found}, evaluation, domain, (DATA, LATENT)),
        "hearts.png": saved(lambda: gallery(found, few)),
        "report.html": lambda path: write_report(found, path.parent, report),
    }

    if not has_masks(held_out):
        return Findings(results, drawings)

    within = found_within(found, held_out.select(rows).sources)
    more = _chest_findings(domain, found, within, (train, drawn), size, options)

    return Findings({**results, **more.results}, {**drawings, **more.drawings})


def _chest_findings(
    domain: Domain,
    found: Found,
    within: Mapping[str, Found],
    xrays: tuple[XRays, XRays],
    size: Size,
    options: ExperimentOptions,
) -> Findings:
    """Measure the chest, and turn the source, where there are masks of two sources."""

    train, drawn = xrays
    organs = trained("chest-unet")
    masks = organ_masks(drawn, options.data)
    teller = source_classifier(train, quick=options.quick)
    sources = replace(
        domain, train=by_source(train), held_out=by_source(drawn), model=teller
    )
    across = sources.search(sources.factuals(size.healthy), size.run)
    grown = growths(organs, found)
    moved = change_results(organs, across, growths(organs, across))
    results = {
        **overlaps(organs, drawn.labelled().images, masks),
        **change_results(organs, found, grown),
        **within_results(organs, within),
        **source_results(teller, found, drawn),
        **across_results(domain.model, across),
        **{f"across_{key}": value for key, value in moved.items()},
    }
    cases = {"heart": found}
    cases |= {f"heart, {source}": each for source, each in within.items()}
    cases["source"] = across

    return Findings(
        results,
        {
            "growth.png": saved(lambda: _growth_figure(grown)),
            "change.png": saved(lambda: change_figure(cases)),
        },
    )


def _drawn_first(xrays: XRays) -> XRays:
    """Return X-rays with those of sources with masks before the others."""

    drawn = torch.tensor([source in DRAWN for source in xrays.sources])

    return xrays.select((~drawn).long().argsort(stable=True))


def _growth_figure(grown: Mapping[str, Scores]) -> Figure:
    values = {name: each[each.isfinite()].numpy() for name, each in grown.items()}

    return box_plot(values, "change of the cardiothoracic ratio")


def _within_sources(model: nn.Module, xrays: XRays) -> dict[str, float]:
    """Return how often the classifier is right within each source, which is a cue.

    It has not learned from the images of sources without masks.
    """

    results: dict[str, float] = {}

    for source in sorted(set(xrays.sources)):
        data = xrays.from_sources(source).labelled()
        results |= accuracies(f"model_{source}", classifier_oracle(model), data)

    return results


CHEST_XRAY = Experiment(
    "chest-xray",
    "Chest X-rays: healthy hearts that become enlarged, and how wide they get.",
    measure_chest_xray,
    PUBLISHED,
)
