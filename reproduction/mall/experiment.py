"""Section IV-B on Mall: few people become many, and many few."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import torch
from matplotlib.figure import Figure

from diffeo.ascents import Adam, Box
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.crowds import CrowdPatches
from diffeo.data.mall import mall
from diffeo.evaluation.intervals import Statistic, interval_of, mean, median, share
from diffeo.evaluation.judges import encode_8_bits
from diffeo.evaluation.metrics.agreement import nearest_labels, value_error
from diffeo.evaluation.metrics.outcome import euclidean
from diffeo.evaluation.metrics.realism import centrality, log_density
from diffeo.evaluation.task import Task
from diffeo.methods import GradientMethod, adversarial, diffeomorphic
from diffeo.models.flow.flow import Flow, as_flow
from diffeo.models.locator import Locator
from diffeo.objectives import AtLeast, AtMost, Near, Objective
from diffeo.report import ReportOptions, write_report
from diffeo.report import images as pictures
from diffeo.report.gallery import gallery
from diffeo.search import Run
from diffeo.shapes import Images, Scores
from diffeo.training.noise import GaussianNoise
from reproduction.domain import flow_figures, trained
from reproduction.experiment import Drawing, Experiment, ExperimentOptions, Findings
from reproduction.figures import saved
from reproduction.mall.heads import head_places
from reproduction.mall.training import SIZE, count_error, counted

__all__ = ["MALL"]

FEW, MANY = 2.0, 8.0  # heads that a patch has at most, or at least, to start from
NEIGHBORS = 3
REFERENCES = 500  # test patches whose density is looked at
SHOWN = 6
METHODS: Mapping[str, GradientMethod] = {
    "latent": diffeomorphic(),
    "data": adversarial(),
    "latent_adam": diffeomorphic(Adam(0.05)),
    "data_adam": adversarial(Box(Adam(5e-4), 0.0, 1.0)),
}


@dataclass(frozen=True)
class Case:
    """From few people or many to a number of them.

    Args:
        objective: The number.
        target: What the oracle and neighbors should say, at the nearest.
        few: Whether to start from few people.
        title: What is done, for the page.
    """

    objective: Objective
    target: float
    few: bool
    title: str


CASES = {
    "max": Case(AtLeast(10.0), 10.0, few=True, title="few people become many"),
    "min": Case(AtMost(0.5), 0.5, few=False, title="many people become none"),
    "near": Case(Near(5.0, within=0.5), 5.0, few=True, title="few people become five"),
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


@dataclass(frozen=True, eq=False)
class Setup:
    """What is searched, and what judges.

    Args:
        train: Patches of the training part, in which neighbors are looked for.
        test: Patches of the test part.
        flow: The flow of patches.
        model: The network under explanation.
        oracle: A larger one.
        said: How many heads the network finds in each test patch.
    """

    train: CrowdPatches
    test: CrowdPatches
    flow: Flow
    model: Locator
    oracle: Locator
    said: Scores

    def factuals(self, case: Case, count: int) -> Images:
        """Return test patches of few people or many, as the model sees them.

        They are far apart in time.
        """

        images = self.test.labelled().images
        fitting = self.said <= FEW if case.few else self.said >= MANY
        rows = fitting.nonzero()[:, 0]
        chosen = torch.linspace(0, len(rows) - 1, min(count, len(rows))).long()

        return images[rows[chosen]]


def measure_mall(options: ExperimentOptions) -> Findings:
    """Turn few people into many, many into few and few into five, in Z and in X.

    Args:
        options: Where the data are, and whether to be quick.
    """

    size = QUICK if options.quick else FULL
    run = replace(size.run, progress=options.progress)
    patches = mall("test", options.data, size=SIZE, limit=size.frames)
    test, model = patches.labelled().images, cast("Locator", trained("mall-unet"))
    setup = Setup(
        mall("train", options.data, size=SIZE, limit=size.frames),
        patches,
        as_flow(trained("mall-flow")),
        model,
        cast("Locator", trained("mall-oracle")),
        counted(model, test),
    )
    references = test[:: max(1, len(test) // REFERENCES)]
    results = {
        **flow_figures(setup.flow, references, GaussianNoise()),
        "model_rmse": count_error(setup.model, setup.test),
        "oracle_rmse": count_error(setup.oracle, setup.test),
    }
    found: dict[str, dict[str, Counterfactuals]] = {}
    density = log_density(references, setup.flow.log_prob, draws=1)

    for name, case in CASES.items():
        x = setup.factuals(case, size.patches)
        found[name] = {
            method: METHODS[method].explain(x, model, setup.flow, case.objective, run)
            for method in size.methods
        }
        results |= {
            f"{name}_{key}": value
            for key, value in _case_results(setup, case, found[name], density).items()
        }

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


def _case_results(
    setup: Setup,
    case: Case,
    records: Mapping[str, Counterfactuals],
    density: Scores,
) -> dict[str, float]:
    """Return what is measured of each method, and our leads over ascent in X."""

    rows = {
        name: _rows(setup, case, record, density) for name, record in records.items()
    }
    results: dict[str, float] = {}

    for name, measured in rows.items():
        for key, (values, statistic) in measured.items():
            results |= interval_of(values.double(), statistic).as_results(
                key.format(name)
            )

    for key in ("oracle_target_{}", "knn_target_{}"):
        ahead = rows["latent"][key][0] - rows["data"][key][0]
        found = interval_of(ahead.double(), mean)
        results |= found.as_results(key.format("latent_minus_data"))

    return results


def _rows(
    setup: Setup, case: Case, record: Counterfactuals, density: Scores
) -> dict[str, tuple[Scores, Statistic]]:
    """Return a number for each row by the name of the result, NaN where it failed."""

    x, missing = record.counterfactual, ~record.reached
    task = Task(setup.model, setup.flow, case.objective)
    neighbors = nearest_labels(x, setup.train.labelled(), NEIGHBORS).mean(1)
    latent = euclidean(
        encode_8_bits(setup.flow, x), encode_8_bits(setup.flow, record.factual)
    )
    found = {
        "oracle_target_{}": (value_error(counted(setup.oracle, x), task), mean),
        "knn_target_{}": (value_error(neighbors, task), mean),
        "l2_data_{}_median": (record.distance, median),
        "l2_latent_{}_median": (latent, median),
        "typicality_{}_median": (
            centrality(log_density(x, setup.flow.log_prob, draws=1), density),
            median,
        ),
    }
    judged: dict[str, tuple[Scores, Statistic]] = {
        key: (values.masked_fill(missing, torch.nan), statistic)
        for key, (values, statistic) in found.items()
    }

    return judged | {
        "reached_{}": (record.reached.double(), share),
        "seconds_per_image_{}": (record.seconds, mean),
    }


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
