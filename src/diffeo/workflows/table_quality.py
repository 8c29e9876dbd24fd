"""How good a flow of a table is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.columns import Column
from diffeo.coordinates.table import TableFlow
from diffeo.data.table import Table, table_of
from diffeo.shapes import Data
from diffeo.workflows.quality import (
    Answer,
    copies_answer,
    course_answer,
    course_sections,
    nearest_to,
    spread,
)

if TYPE_CHECKING:
    from diffeo.report.sections import Section

__all__ = ["TableQuality", "measure_table_quality"]

Others = Float[Tensor, "others features"]

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


@dataclass(frozen=True, eq=False)
class TableQuality:
    """What was measured of a flow of a table.

    Args:
        flow: The flow.
        figures: Those of its card: `round_trip`, in standard deviations of a column,
            and `train_nats`, `validation_nats` and `normal_nats`, means over features.
        course: Nats of held-out rows after each pass of the training.
        train: Rows of features that it was trained on, and
        held_out: those that it was not.
        samples: Rows drawn from it.

    Example:
        >>> from diffeo.columns import Column
        >>> from diffeo.coordinates.zuko import ZukoFlow
        >>> from diffeo.models.affine_spline import affine_spline
        >>> flow = ZukoFlow(affine_spline(range(1), hidden=(8,)))
        >>> flow = TableFlow(flow, [Column("age", decimals=0, high=99.0)]).eval()
        >>> x = torch.tensor([[31.0], [7.0], [54.0]])
        >>> round(TableQuality(flow, {}, [], x[:2], x[2:], x).apart()["age"], 3)
        0.0
    """

    flow: TableFlow
    figures: Mapping[str, float]
    course: Sequence[float]
    train: Data
    held_out: Tensor
    samples: Tensor

    @property
    def real(self) -> Tensor:
        """All rows of the table."""

        return torch.cat((self.train, self.held_out))

    def apart(self) -> dict[str, float]:
        """Return how far each column of the samples is from the table's, by its name.

        That is the Kolmogorov–Smirnov distance, the greatest difference between the
        distribution functions; of categories, half the sum of differences of shares.
        """

        return {
            column.name: (
                (real.mean(0) - made.mean(0)).abs().sum().item() / 2
                if column.categories
                else _kolmogorov_smirnov(real[:, 0], made[:, 0])
            )
            for column, real, made in self._columns(torch.double)
        }

    def answers(self) -> list[Answer]:
        """Return what is found, question by question."""

        return self._answers

    @cached_property
    def _answers(self) -> list[Answer]:
        figures, apart = self.figures, self.apart()
        error, known = figures["round_trip"], figures["validation_nats"]
        seen, normal = figures["train_nats"], figures["normal_nats"]
        worst = max(apart, key=lambda name: apart[name])
        most = APART + CHANCE / len(self.real) ** 0.5
        together = _correlations_apart(self.real, self.samples)
        train, held_out, samples = map(
            self.flow.standardize,
            (self.train, spread(self.held_out, LOOKED_AT), self.samples),
        )

        return [
            Answer(
                "Do rows come back after encoding and decoding?",
                f"greatest error {error:.1g} of a column's standard deviations",
                error <= ROUND_TRIP,
                f"at most {ROUND_TRIP:g}",
            ),
            Answer(
                "Does it know more than a normal density?",
                f"{known:.2f} nats a feature of held-out rows, where a normal density "
                f"of the same covariance has {normal:.2f}",
                known < normal,
                "less than the normal density",
            ),
            Answer(
                "Does it know rows that it has not seen as well as others?",
                f"{seen:.2f} nats a feature of the rows that it was trained on, "
                f"{known:.2f} of others",
                known - seen <= GAP,
                f"at most {GAP} more of others",
            ),
            Answer(
                "Are the columns of samples like the table's?",
                f"{worst} differs most, by {apart[worst]:.2f}",
                apart[worst] <= most,
                f"no distribution function differs by more than {most:.2f}",
            ),
            Answer(
                "Do columns of samples go together as the table's do?",
                f"correlations differ by {together:.3f} in the mean",
                together <= TOGETHER,
                f"at most {TOGETHER}",
            ),
            copies_answer(
                nearest_to(samples, train)[0], nearest_to(held_out, train)[0], "rows"
            ),
            course_answer(
                [nats / train.shape[1] for nats in self.course],
                FALLING,
                "nats a feature",
            ),
        ]

    def verdict(self) -> str:
        """Return what to make of it, in a few words."""

        exact, learned, general, alike, together, original, ended = (
            answer.well for answer in self.answers()
        )

        if not exact:
            return "Not usable: rows do not come back from its coordinates."

        if not (general and original):
            return (
                "Learned by heart: it knows the rows that it was trained on better "
                "than others. Take more rows, or fewer minutes."
            )

        if not (learned and alike and together):
            return (
                "Rough: what it makes up is not like the table. See which columns "
                f"differ, and take more {'rows' if ended else 'minutes'}."
            )

        if not ended:
            return "Usable, and not at its best: more minutes would still help."

        return "Good by all that is measured here."

    def sections(self) -> "list[Section]":
        """Return columns, correlations, some samples, and the training's course."""

        from diffeo.report.sections import Section
        from diffeo.report.table_figures import columns_figure, correlations_figure

        apart = self.apart()
        worst = sorted(self._columns(), key=lambda part: -apart[part[0].name])
        columns, real, made = zip(*worst[:DRAWN], strict=True)
        names = [name for column in self.flow.columns for name in column.features]

        return [
            Section(
                "Columns",
                (
                    f"{len(self.samples):,} rows that the flow makes up beside the "
                    "table's. The columns that differ most come first.",
                ),
                charts=[
                    columns_figure(columns, torch.cat(real, 1), torch.cat(made, 1))
                ],
            ),
            Section(
                "What goes together",
                ("Both maps should look the same.",),
                charts=[correlations_figure(names, self.real, self.samples)],
            ),
            Section(
                "Samples",
                (
                    "Rows that the flow makes up, and below each the row nearest to it "
                    "that it was trained on. Would you believe them?",
                ),
                table=self._samples_table(),
            ),
            *course_sections(self.course, "nats, held-out"),
        ]

    def _samples_table(self) -> list[tuple[str, ...]]:
        columns, few = self.flow.columns, self.samples[:SHOWN]
        nearest = self.train[
            nearest_to(*map(self.flow.standardize, (few, self.train)))[1]
        ]
        plain = Table(
            tuple(column.name for column in columns),
            tuple(
                tuple(
                    column.categories[0] if column.categories else "0"
                    for column in columns
                )
                for _ in few
            ),
        )
        made, real = (table_of(x, columns, plain).rows for x in (few, nearest))

        return [
            ("", *plain.names),
            *(
                line
                for number, (one, other) in enumerate(zip(made, real, strict=True), 1)
                for line in ((f"sample {number}", *one), ("nearest row", *other))
            ),
        ]

    def _columns(
        self, dtype: torch.dtype = torch.float
    ) -> Iterator[tuple[Column, Tensor, Tensor]]:
        """Yield each column with its features in the table and in the samples."""

        real, made = (
            x.to(dtype).split(self.flow.sizes, 1) for x in (self.real, self.samples)
        )

        return zip(self.flow.columns, real, made, strict=True)


@torch.no_grad()
def measure_table_quality(
    flow: TableFlow,
    figures: Mapping[str, float],
    train: Data,
    held_out: Others,
    course: Sequence[float] = (),
) -> TableQuality:
    """Draw samples from a trained flow of a table, to be compared with its rows.

    Args:
        flow: The flow, in evaluation mode.
        figures: Those of its card.
        train: Rows of features that it was trained on.
        held_out: Such rows that it was not trained on.
        course: Nats of held-out rows after each pass.

    Example:
        >>> from diffeo.columns import Column
        >>> from diffeo.coordinates.zuko import ZukoFlow
        >>> from diffeo.models.affine_spline import affine_spline
        >>> flow = ZukoFlow(affine_spline(range(1), hidden=(8,)))
        >>> flow = TableFlow(flow, [Column("age", decimals=0, high=99.0)]).eval()
        >>> x = torch.tensor([[31.0], [7.0], [54.0]])
        >>> measure_table_quality(flow, {}, x[:2], x[2:]).samples.shape
        torch.Size([2000, 1])
    """

    generator = torch.Generator().manual_seed(0)
    z = torch.randn(SAMPLES, *flow.shape, generator=generator)
    samples = flow.decode(z.to(flow.factor)).cpu()

    return TableQuality(flow, figures, course, train, held_out, samples)


def _kolmogorov_smirnov(x: Tensor, y: Tensor) -> float:
    """Return the greatest difference between two empirical distribution functions."""

    from scipy.stats import ks_2samp

    return float(ks_2samp(x.numpy(), y.numpy()).statistic)


def _correlations_apart(x: Tensor, y: Tensor) -> float:
    """Return the mean difference between correlations, constant features left out."""

    pairs = torch.triu_indices(x.shape[1], x.shape[1], offset=1)
    one, other = (
        torch.corrcoef(each.double().T).reshape(x.shape[1], -1)[*pairs]
        for each in (x, y)
    )
    gaps = (one - other).abs()

    return gaps[gaps.isfinite()].mean().nan_to_num(0.0).item()
