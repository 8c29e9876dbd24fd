"""Section IV-B on Mall: few people become many, and many few."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

from matplotlib.figure import Figure

from diffeo.ascents import Adam, Box
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.mall import mall
from diffeo.evaluation.oracle_training import AutoencoderSettings
from diffeo.evaluation.settings import quick_settings
from diffeo.methods import GradientMethod, adversarial, diffeomorphic
from diffeo.models.flow.flow import as_flow
from diffeo.models.locator import Locator
from diffeo.report import ReportOptions, write_report
from diffeo.report import images as pictures
from diffeo.report.gallery import gallery
from diffeo.search import Run
from diffeo.training.noise import GaussianNoise
from reproduction.domain import flow_figures, trained
from reproduction.experiment import Drawing, Experiment, ExperimentOptions, Findings
from reproduction.figures import saved
from reproduction.mall.cases import CASES, POOLED, Setup
from reproduction.mall.heads import head_places
from reproduction.mall.measures import Panel, Rows, error_results, pooled, row_results
from reproduction.mall.training import SIZE, counted

__all__ = ["MALL"]

REFERENCES = 500  # test patches whose density is looked at
SHOWN = 6
AUTOENCODER = AutoencoderSettings(steps=300)  # shorter than usual: large images
METHODS: Mapping[str, GradientMethod] = {
    "latent": diffeomorphic(),
    "data": adversarial(),
    "latent_adam": diffeomorphic(Adam(0.05)),
    "data_adam": adversarial(Box(Adam(5e-4), 0.0, 1.0)),
}


@dataclass(frozen=True)
class Size:
    """How much of Mall an experiment takes.

    Args:
        patches: Patches to start from, for each case.
        run: How to search.
        methods: Names in `METHODS`.
        frames: Frames of each part that are read; all if not given.
    """

    patches: int
    run: Run
    methods: tuple[str, ...]
    frames: int | None = None


FULL = Size(50, Run(300, patience=30, retries=0), tuple(METHODS))
QUICK = Size(1, Run(25, retries=0), ("latent", "data"), frames=20)


def measure_mall(options: ExperimentOptions) -> Findings:
    """Turn few people into many, many into few and few into five, in Z and in X.

    Args:
        options: Where the data are, and whether to be quick.
    """

    size = QUICK if options.quick else FULL
    run = replace(size.run, progress=options.progress)
    patches = mall("test", options.data, size=SIZE, limit=size.frames)
    test, model = patches.labelled(), cast("Locator", trained("mall-unet"))
    setup = Setup(
        mall("train", options.data, size=SIZE, limit=size.frames).labelled(),
        test,
        as_flow(trained("mall-flow")),
        model,
        cast("Locator", trained("mall-oracle")),
        counted(model, test.images),
    )
    references = test.images[:: max(1, len(test) // REFERENCES)]
    autoencoder = quick_settings().autoencoder if options.quick else AUTOENCODER
    panel = Panel.load(setup, references, autoencoder)
    also = counted(setup.oracle, test.images)
    results = {
        **flow_figures(setup.flow, references, GaussianNoise()),
        **error_results("model_rmse", setup.said - test.labels, patches.frames),
        **error_results("oracle_rmse", also - test.labels, patches.frames),
    }
    found: dict[str, dict[str, Counterfactuals]] = {}
    rows: dict[str, Rows] = {}

    for name, case in CASES.items():
        x = setup.patches(case.source, size.patches)
        found[name] = {
            method: METHODS[method].explain(x, model, setup.flow, case.objective, run)
            for method in size.methods
        }
        rows[name] = panel.rows(case, found[name])
        results |= {
            f"{name}_{key}": value for key, value in row_results(rows[name]).items()
        }

    results |= row_results(pooled({name: rows[name] for name in POOLED}))
    drawings: dict[str, Drawing] = {}

    for name, records in found.items():
        two = {each: records[each] for each in ("latent", "data")}
        few = range(min(SHOWN, len(two["latent"])))
        page = ReportOptions(f"Mall, {CASES[name].title}")
        drawings |= {
            f"{name}_gallery.png": saved(partial(gallery, two, few)),
            f"{name}_heads.png": saved(partial(_heads_figure, setup, two)),
            f"{name}/report.html": partial(_write_page, two, page),
        }

    return Findings(results, drawings)


def _write_page(
    records: Mapping[str, Counterfactuals], page: ReportOptions, path: Path
) -> None:
    write_report(records, path.parent, page)


def _heads_figure(setup: Setup, records: Mapping[str, Counterfactuals]) -> Figure:
    """Draw where both networks find heads in the first counterfactuals.

    Source: Dombrowski et al., 2024, Figure 12.
    """

    shown = [
        (f"{name}, {judge}", record.counterfactual[:SHOWN], model)
        for name, record in records.items()
        for judge, model in (("model", setup.model), ("oracle", setup.oracle))
    ]
    columns = len(shown[0][1])
    figure = Figure(figsize=(1.2 + columns, len(shown)), layout="constrained")
    axes = figure.subplots(len(shown), columns, squeeze=False)

    for line, (label, x, model) in zip(axes, shown, strict=True):
        for place, image, heads in zip(line, x, head_places(model, x), strict=True):
            place.imshow(pictures.as_picture(image), extent=(0, SIZE, SIZE, 0))
            place.plot(*heads.T.numpy(), "x", color="red", markersize=4)
            place.set(xticks=[], yticks=[])

        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)

    return figure


MALL = Experiment(
    "mall",
    "Mall: few people become many, and many few, in latent space and in data space.",
    measure_mall,
    {"model_rmse": 0.63, "oracle_rmse": 0.72},
)
