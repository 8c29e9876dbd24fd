"""Fit a flow to a table, in minutes."""

import copy
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from diffeo import zoo
from diffeo.coordinates.table import as_table_flow
from diffeo.data.features import columns_of, features_of
from diffeo.data.table import Table
from diffeo.shapes import Data
from diffeo.training.fit import training_device
from diffeo.training.rows import RowLikelihood
from diffeo.training.schedule import Schedule
from diffeo.workflows.fit.options import FitOptions
from diffeo.workflows.fit.plan import (
    EPOCH,
    TRAINING,
    TrainingPlan,
    draft_options,
    hold_out,
    mean_seconds,
    plan_of,
)
from diffeo.workflows.fit.quality import Quality
from diffeo.workflows.fit.table_quality import draw_rows, measure_table_quality
from diffeo.workflows.train.module import train_module

__all__ = ["fit_table"]

BATCH = 64
MOST_STEPS = 4000  # more change nothing: the weights that are kept are the best
PATIENCE = 50  # passes after the best one with which a training ends
TYPICAL = 0.025, 0.975  # quantiles of log-densities; trained on, rows have greater ones
SETTINGS = {"pairs": 1, "passes": 4, "bins": 8, "hidden": [64, 64]}


def fit_table(
    table: Table,
    options: FitOptions,
    categories: Sequence[str] = (),
    *,
    resume: bool,
    tell: Callable[[str], object],
) -> tuple[Quality, dict[str, str]]:
    """Fit a flow to a table and store it with what is known of the columns.

    While it trains, all that is needed to go on is in a folder beside the weights. The
    weights that are kept are those of the pass that was best on held-out rows.

    Args:
        table: The columns that the model sees, and no others.
        options: For how long, and where to keep what.
        categories: Columns whose numbers are categories.
        resume: Whether to go on from what is there.
        tell: Called with sentences on what is done.

    Returns:
        How good the flow is, and what to know of its training, by name.

    Raises:
        FileNotFoundError: If there is nothing to resume.
        ValueError: If the rows are too few, a cell cannot be read, or what is to be
            resumed is another training.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from pathlib import Path
        >>> table = Table(("age",), tuple((str(age),) for age in range(20)))
        >>> with TemporaryDirectory() as folder:
        ...     weights = Path(folder, "flow.safetensors")
        ...     how = FitOptions("ages", weights, epochs=1, progress=False)
        ...     _, facts = fit_table(table, how, resume=False, tell=lambda words: None)
        ...     facts["rows"]
        '18 to train on, 2 held out'
    """

    columns = columns_of(table, categories)
    x = features_of(table, columns)
    train, held_out = hold_out(x, "a table", "rows")
    told = {"columns": list(map(asdict, columns)), "given": list(options.given)}
    recipe = zoo.Recipe("table", {**told, **SETTINGS, "seed": options.seed})
    flow = as_table_flow(recipe.build())
    flow.initialize(train)
    module = RowLikelihood(flow, Schedule(warmup=20), seed=options.seed)
    make = partial(_plan, module, train, options)
    plan = plan_of(x, options, make, resume=resume)
    tell(
        f"{len(train):,} rows to train on, {len(held_out):,} held out: up to {plan}, "
        f"about {plan.minutes:.1g} minutes."
    )
    how = replace(draft_options(plan, options), patience=PATIENCE)
    card = options.card(recipe, plan.epochs)
    measure = partial(_measure, train=train, held_out=held_out)
    train_module(module, (train,), (held_out,), card, how, measure)
    fitted, card = as_table_flow(zoo.load(how.weights)), zoo.card(how.weights)
    course = options.course(module.figure)
    quality = measure_table_quality(
        fitted,
        card.figures,
        train,
        held_out,
        draw_rows(fitted),
        [nats / x.shape[1] for nats in course],
    )
    zoo.save(fitted, replace(card, verdict=quality.verdict), options.weights)
    shutil.rmtree(options.folder)
    facts = {
        "data": options.data,
        "rows": f"{len(train):,} to train on, {len(held_out):,} held out",
        "columns": f"{len(columns)}, {x.shape[1]} features",
        "given": ", ".join(options.given) or "none",
        "training": f"{len(course)} passes in batches of {plan.batch_size}",
    }

    return quality, facts


def _plan(module: RowLikelihood, train: Data, options: FitOptions) -> TrainingPlan:
    """Time a few steps, and choose how many passes there are."""

    batch = min(BATCH, len(train))
    model = copy.deepcopy(module.model).to(training_device(options.device))
    x, generator = train[:batch].to(model.factor), torch.Generator()

    def loss() -> Tensor:
        return -model.log_prob(model.dequantize(x, generator=generator)).mean()

    seconds, steps = mean_seconds(model, loss), max(1, len(train) // batch)
    affordable = 60 * TRAINING * options.minutes / (steps * seconds + EPOCH)
    epochs = options.epochs or max(
        1, min(math.ceil(MOST_STEPS / steps), int(affordable))
    )

    return TrainingPlan("affine-spline", seconds, len(train), batch, epochs)


@torch.no_grad()
def _measure(model: nn.Module, train: Tensor, held_out: Tensor) -> dict[str, float]:
    """Set the bounds of typical log-densities, and return what is found of a flow."""

    flow, generator = as_table_flow(model), torch.Generator().manual_seed(0)
    (low, high), known = TYPICAL, [flow.log_prob(x) for x in (train, held_out)]
    least = min(each.quantile(low, interpolation="lower") for each in known)
    greatest = max(each.quantile(high, interpolation="higher") for each in known)
    flow.typical.copy_(torch.stack((least, greatest)))
    error = (flow.decode(flow.encode(held_out)) - held_out) / flow.scale.to(held_out)
    seen, unseen = (flow.dequantize(x, generator=generator) for x in (train, held_out))
    nats = {
        "train_nats": flow.log_prob(seen),
        "validation_nats": flow.log_prob(unseen),
        "normal_nats": _normal(flow.standardize(seen.double())).log_prob(
            flow.standardize(unseen.double())
        ),
    }
    features = held_out.shape[1]

    return {
        "round_trip": error.abs().max().item(),
        **{name: -found.mean().item() / features for name, found in nats.items()},
    }


def _normal(x: Tensor) -> MultivariateNormal:
    """Return the normal density of the mean and the covariance of rows."""

    return MultivariateNormal(x.mean(0), x.T.cov(correction=0).reshape(x.shape[1], -1))
