"""How good a flow of a table is."""

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.coordinates.table import TableFlow
from diffeo.data.features import table_of
from diffeo.data.table import Table
from diffeo.report.section import Section
from diffeo.shapes import Data
from diffeo.statements.properties import nearest_to
from diffeo.workflows.fit.common_answers import (
    copies_answer,
    course_answer,
    spread,
    unseen_answer,
)
from diffeo.workflows.fit.quality import Answer, Quality

__all__ = ["columns_apart", "draw_rows", "measure_table_quality"]

Others = Float[Tensor, "others features"]
Samples = Float[Tensor, "samples features"]

SAMPLES = 2000
SHOWN = 6  # samples beside their nearest rows
LOOKED_AT = 1000  # held-out rows whose nearest training rows are looked for
DRAWN = 24  # columns, those first that differ most
ROUND_TRIP = 1e-3
GAP = 0.2  # nats a feature, about 0.3 bits
FALLING = 0.02  # nats a feature won in the last quarter of the passes
APART = 0.05  # between the distribution functions of a column and of its samples,
CHANCE = 1.63  # and so much over the root of the rows: one in 100 by chance alone
TOGETHER = 0.05  # between correlations, in the mean


@torch.no_grad()
def draw_rows(flow: TableFlow) -> Data:
    """Return 2,000 rows that a flow makes up.

    Args:
        flow: The flow, in evaluation mode.

    Example:
        >>> from diffeo.columns import Column
        >>> from diffeo.coordinates.zuko import ZukoFlow
        >>> from diffeo.models.affine_spline import affine_spline
        >>> flow = ZukoFlow(affine_spline(range(1), hidden=(8,)))
        >>> draw_rows(TableFlow(flow, [Column("age")]).eval()).shape
        torch.Size([2000, 1])
    """

    generator = torch.Generator().manual_seed(0)
    z = torch.randn(SAMPLES, *flow.shape, generator=generator)

    return flow.decode(z.to(flow.factor)).cpu()


def measure_table_quality(
    flow: TableFlow,
    figures: Mapping[str, float],
    train: Data,
    held_out: Others,
    samples: Samples,
    course: Sequence[float] = (),
) -> Quality:
    """Measure a trained flow by its samples and its figures.

    Args:
        flow: The flow, in evaluation mode.
        figures: Those of its card: `round_trip`, in standard deviations of a column,
            and `train_nats`, `validation_nats` and `normal_nats`, means over features.
        train: Rows of features that it was trained on.
        held_out: Such rows that it was not trained on.
        samples: Rows drawn from it, to be compared with these.
        course: Nats a feature of held-out rows after each pass of the training.

    Example:
        >>> from diffeo.columns import Column
        >>> from diffeo.coordinates.zuko import ZukoFlow
        >>> from diffeo.models.affine_spline import affine_spline
        >>> flow = ZukoFlow(affine_spline(range(1), hidden=(8,)))
        >>> flow = TableFlow(flow, [Column("age", decimals=0, high=99.0)]).eval()
        >>> x = torch.tensor([[31.0], [7.0], [54.0]])
        >>> names = "round_trip", "train_nats", "validation_nats", "normal_nats"
        >>> figures = dict.fromkeys(names, 0.0)
        >>> measure_table_quality(flow, figures, x[:2], x[2:], x).answers[0].found
        "greatest error 0 of a column's standard deviations"
    """

    real = torch.cat((train, held_out))
    error, known = figures["round_trip"], figures["validation_nats"]
    normal, apart = figures["normal_nats"], columns_apart(flow, real, samples)
    worst = max(apart, key=apart.__getitem__)
    together = _correlations_apart(real, samples)
    most = APART + CHANCE / len(real) ** 0.5
    seen, unseen, made = map(
        flow.standardize, (train, spread(held_out, LOOKED_AT), samples)
    )
    ended = course_answer(course, FALLING, "nats a feature")
    rough = (
        "Rough: what it makes up is not like the table. See which columns differ, and "
        f"take more {'rows' if ended.well else 'minutes'}."
    )
    answers = [
        Answer(
            "Do rows come back after encoding and decoding?",
            f"greatest error {error:.1g} of a column's standard deviations",
            error <= ROUND_TRIP,
            f"at most {ROUND_TRIP:g}",
            "Not usable: rows do not come back from its coordinates.",
        ),
        unseen_answer(
            figures["train_nats"], known, GAP, unit="nats a feature", kind="rows"
        ),
        copies_answer(nearest_to(made, seen)[0], nearest_to(unseen, seen)[0], "rows"),
        Answer(
            "Does it know more than a normal density?",
            f"{known:.2f} nats a feature of held-out rows, where a normal density of "
            f"the same covariance has {normal:.2f}",
            known < normal,
            "less than the normal density",
            rough,
        ),
        Answer(
            "Are the columns of samples like the table's?",
            f"{worst} differs most, by {apart[worst]:.2f}",
            apart[worst] <= most,
            f"no distribution function differs by more than {most:.2f}",
            rough,
        ),
        Answer(
            "Do columns of samples go together as the table's do?",
            f"correlations differ by {together:.3f} in the mean",
            together <= TOGETHER,
            f"at most {TOGETHER}",
            rough,
        ),
        ended,
    ]

    sections = partial(_sections, flow, train, real, samples, apart)

    return Quality("flow", answers, sections, course, "nats a feature")


def columns_apart(flow: TableFlow, real: Data, samples: Samples) -> dict[str, float]:
    """Return how far each column of samples is from the table's, by its name.

    That is the Kolmogorov–Smirnov distance, the greatest difference between the
    distribution functions; of categories, half the sum of differences of shares.

    Args:
        flow: The flow, which knows the columns.
        real: All rows of the table.
        samples: Rows drawn from the flow.

    Example:
        >>> from diffeo.columns import Column
        >>> from diffeo.coordinates.zuko import ZukoFlow
        >>> from diffeo.models.affine_spline import affine_spline
        >>> flow = ZukoFlow(affine_spline(range(1), hidden=(8,)))
        >>> x = torch.tensor([[31.0], [7.0]])
        >>> columns_apart(TableFlow(flow, [Column("age")]), x, x)
        {'age': 0.0}
    """

    from scipy.stats import ks_2samp

    parts = (x.double().split(flow.sizes, 1) for x in (real, samples))

    return {
        column.name: (
            (one.mean(0) - other.mean(0)).abs().sum().item() / 2
            if column.categories
            else float(ks_2samp(one[:, 0].numpy(), other[:, 0].numpy()).statistic)
        )
        for column, one, other in zip(flow.columns, *parts, strict=True)
    }


def _sections(
    flow: TableFlow,
    train: Data,
    real: Others,
    samples: Samples,
    apart: Mapping[str, float],
) -> list[Section]:
    """Return columns, correlations and some samples."""

    from diffeo.report.table_figures import columns_figure, correlations_figure

    parts = (x.split(flow.sizes, 1) for x in (real, samples))
    worst = sorted(
        zip(flow.columns, *parts, strict=True), key=lambda part: -apart[part[0].name]
    )
    columns, ones, others = zip(*worst[:DRAWN], strict=True)
    names = [name for column in flow.columns for name in column.features]

    return [
        Section(
            "Columns",
            (
                f"{len(samples):,} rows that the flow makes up beside the table's. The "
                "columns that differ most come first.",
            ),
            charts=[columns_figure(columns, torch.cat(ones, 1), torch.cat(others, 1))],
        ),
        Section(
            "What goes together",
            ("Both maps should look the same.",),
            charts=[correlations_figure(names, real, samples)],
        ),
        Section(
            "Samples",
            (
                "Rows that the flow makes up, and below each the row nearest to it "
                "that it was trained on. Would you believe them?",
            ),
            table=_samples_table(flow, train, samples[:SHOWN]),
        ),
    ]


def _samples_table(flow: TableFlow, train: Data, few: Samples) -> list[tuple[str, ...]]:
    nearest = train[nearest_to(flow.standardize(few), flow.standardize(train))[1]]
    names = tuple(column.name for column in flow.columns)
    cells = tuple(
        column.categories[0] if column.categories else "0" for column in flow.columns
    )
    plain = Table(names, (cells,) * len(few))
    made, real = (table_of(x, flow.columns, plain).rows for x in (few, nearest))

    return [
        ("", *names),
        *(
            line
            for number, (one, other) in enumerate(zip(made, real, strict=True), 1)
            for line in ((f"sample {number}", *one), ("nearest row", *other))
        ),
    ]


def _correlations_apart(x: Tensor, y: Tensor) -> float:
    """Return the mean difference between correlations, constant features left out."""

    pairs = torch.triu_indices(x.shape[1], x.shape[1], offset=1)
    one, other = (
        torch.corrcoef(each.double().T).reshape(x.shape[1], -1)[*pairs]
        for each in (x, y)
    )
    gaps = (one - other).abs()

    return gaps[gaps.isfinite()].mean().nan_to_num(0.0).item()
