"""A flow of tables, which decodes to rows that a table can hold."""

import math
from collections.abc import Iterable, Sequence
from itertools import takewhile

import torch
from torch import Tensor, nn

from diffeo.columns import Column
from diffeo.coordinates.power import likeliest_powers, log_slope, raised, rooted
from diffeo.coordinates.zuko import ZukoFlow
from diffeo.shapes import Data, Flags, Latent, Scores
from diffeo.typical import within_bounds

__all__ = ["TableFlow", "as_table_flow"]

CATEGORY_NOISE = 0.15  # around 0 and 1: a difference of 1 is five deviations
NUMBER_NOISE = 0.01  # least width, in standard deviations of the column
UNIT = 0.1  # standard deviations of the column, in which its numbers get a power


class TableFlow(nn.Module):
    """A flow of rows of features; see `Column` for what these are.

    Numbers get the power that makes their column most normal. Then features are
    whitened before the flow, by a triangular matrix, those of given columns first: if
    the flow is triangular too, its first coordinates are a function of these columns
    alone. What it decodes becomes a row that the table can hold: categories are
    one-hot, numbers have the decimals and the range of their column. Gradients pass
    straight through.

    Source: Bengio, Léonard and Courville, 2013, Estimating or propagating gradients
    through stochastic neurons, for the straight-through gradient.

    Args:
        flow: A flow of vectors with as many numbers as the columns have features.
        columns: The columns, in the order of the features.
        given: Names of the columns that come first in the flow.

    Raises:
        ValueError: If the flow is of another number of features, or there is no such
            column.

    Example:
        >>> from diffeo.models.affine_spline import affine_spline
        >>> columns = Column("age", decimals=0, high=99.0), Column("sex", ("f", "m"))
        >>> flow = TableFlow(ZukoFlow(affine_spline(range(3), hidden=(8,))), columns)
        >>> flow.decode(flow.encode(torch.tensor([[31.0, 0.0, 1.0]]))).tolist()
        [[31.0, 0.0, 1.0]]
    """

    def __init__(
        self, flow: ZukoFlow, columns: Sequence[Column], given: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self.flow = flow
        self.columns = tuple(columns)
        self.given = tuple(given)
        self.sizes = [len(column.features) for column in columns]
        self.shape = (sum(self.sizes),)

        if flow.shape != self.shape:
            raise ValueError(
                f"flow must be of the columns' {self.shape[0]} features, got one of "
                f"{flow.shape}"
            )

        self.mean = self._told(column.mean for column in columns)
        self.scale = self._told(column.scale for column in columns)
        self.low = self._told(column.low for column in columns)
        self.high = self._told(column.high for column in columns)
        self.per_unit = self._told(map(_steps_in_a_unit, columns))
        self.width = self._told(map(_width, columns))
        order = self._told(map(float, self._ranks())).argsort(stable=True)
        self.order = nn.Buffer(order, persistent=False)
        self.power = nn.Buffer(torch.ones(self.shape[0]))
        self.middle = nn.Buffer(torch.zeros(self.shape[0]))
        self.factor = nn.Buffer(torch.eye(self.shape[0]))
        self.typical = nn.Buffer(torch.tensor([-torch.inf, torch.inf]))

    def leading(self, names: Sequence[str]) -> int:
        """Return how many first coordinates are a function of some columns alone.

        Args:
            names: Names of columns.
        """

        first = list(takewhile(names.__contains__, self.given))

        return sum(
            len(column.features) for column in self.columns if column.name in first
        )

    def deciding(self, names: Sequence[str]) -> int:
        """Return how many first coordinates decide all given columns among some.

        Args:
            names: Names of columns.
        """

        given = list(self.given)

        while given and given[-1] not in names:
            given.pop()

        return self.leading(given)

    def _ranks(self) -> list[int]:
        """Return the place of each column in the flow: given ones first."""

        names = [column.name for column in self.columns]

        if unknown := set(self.given) - set(names):
            raise ValueError(
                f"given columns must be among {', '.join(names)}, got "
                f"{', '.join(sorted(unknown))}"
            )

        return [(*self.given, name).index(name) for name in names]

    def _told(self, values: Iterable[float]) -> nn.Buffer:
        """Return a number of each column for each of its features, not as a weight."""

        each = torch.tensor(list(values), dtype=torch.float64)
        each = each.repeat_interleave(torch.tensor(self.sizes))

        return nn.Buffer(each, persistent=False)

    def forward(self, x: Data) -> Scores:
        """Return `log_prob(x)`."""

        return self.log_prob(x)

    def encode(self, x: Data) -> Latent:
        """Return the latent coordinates of rows.

        Raises:
            ValueError: If the rows have another number of features.
        """

        return self.flow.encode(self.whiten(x))

    def decode(self, z: Latent) -> Data:
        """Return the rows at latent coordinates."""

        white = self.flow.decode(z)
        w = (white @ self.factor.T + self.middle)[:, self.order.argsort()]
        v = rooted(w, self.power)
        x = v * UNIT * self.scale.to(z) + self.low.to(z)

        return self._valid(x.detach()) + (x - x.detach())

    def is_exact(self) -> bool:
        """Return True: rows within the columns' range are decoded as they were."""

        return True

    def log_prob(self, x: Data) -> Scores:
        """Return the log-density of standardized rows, in nats."""

        slopes = log_slope(self._above_least(x), self.power) - math.log(UNIT)
        volume = slopes.sum(1) - self.factor.diagonal().log().sum()

        return self.flow.log_prob(self.whiten(x)) + volume

    def is_typical(self, x: Data) -> Flags | None:
        """Return whether the log-density is among the central 95 % of the table's rows.

        Returns:
            None if the bounds, which are measured after training and stored with the
            weights, are not known.
        """

        return within_bounds(self.log_prob, x, self.typical)

    def dequantize(self, x: Data, *, generator: torch.Generator) -> Data:
        """Return rows with noise that makes a density of steps and categories.

        Source: Uria, Murray and Larochelle, 2013, RNADE, Section 5, for the uniform
        noise.

        Args:
            x: Rows.
            generator: Source of the noise.
        """

        uniform = torch.rand(x.shape, generator=generator).to(x) - 0.5
        normal = torch.randn(x.shape, generator=generator).to(x)
        width = self.width.to(x)

        return x + torch.where(width > 0, width * uniform, CATEGORY_NOISE * normal)

    @torch.no_grad()
    def initialize(self, x: Data) -> None:
        """Choose powers and whiten by what rows are like, with noise of `dequantize`.

        Args:
            x: Rows to train on.
        """

        generator = torch.Generator().manual_seed(0)
        v = self._above_least(self.dequantize(x, generator=generator).double())
        power = torch.where(self.width > 0, likeliest_powers(v), 1.0)
        w = raised(v, power)[:, self.order]
        covariance = w.T.cov(correction=0).reshape(self.factor.shape)
        self.power.copy_(power)
        self.middle.copy_(w.mean(0))
        self.factor.copy_(torch.linalg.cholesky(covariance))

    def whiten(self, x: Data) -> Latent:
        """Return rows with powers, whitened, as the flow takes them."""

        w = raised(self._above_least(x), self.power.to(x))[:, self.order]
        white: Tensor = torch.linalg.solve_triangular(
            self.factor.to(x), (w - self.middle.to(x)).T, upper=False
        )

        return white.T

    def standardize(self, x: Data) -> Latent:
        """Return rows less the columns' means, over their standard deviations."""

        return (x - self.mean.to(x)) / self.scale.to(x)

    def _above_least(self, x: Data) -> Data:
        """Return how far rows are above the least of their columns, in tenths of σ."""

        if x.shape[1:] != self.shape:
            raise ValueError(
                f"x must be rows of the table's {self.shape[0]} features, got "
                f"{tuple(x.shape)}"
            )

        return (x - self.low.to(x)) / (UNIT * self.scale.to(x))

    def _valid(self, x: Data) -> Data:
        """Return the rows that the table can hold next to some."""

        exact, per_unit = x.double(), self.per_unit  # so that decimals are the text's
        rounded = (exact * per_unit).round() / per_unit
        numbers = torch.where(per_unit > 0, rounded, exact).to(x)
        numbers = numbers.clamp(self.low.to(x), self.high.to(x))
        parts = numbers.split(self.sizes, 1), x.split(self.sizes, 1)

        return torch.cat(
            [
                nn.functional.one_hot(soft.argmax(1), soft.shape[1]).to(x)
                if column.categories
                else hard
                for column, hard, soft in zip(self.columns, *parts, strict=True)
            ],
            dim=1,
        )


def as_table_flow(found: object) -> TableFlow:
    """Return a flow of tables as what it is.

    Args:
        found: Coordinates or a model of any kind.

    Raises:
        ValueError: If it is anything else.

    Example:
        >>> as_table_flow(nn.Identity())
        Traceback (most recent call last):
        ValueError: coordinates of a table must be a flow fitted to one, got Identity
    """

    if not isinstance(found, TableFlow):
        raise ValueError(  # noqa: TRY004
            "coordinates of a table must be a flow fitted to one, got "
            f"{type(found).__name__}"
        )

    return found


def _steps_in_a_unit(column: Column) -> float:
    """Return how many values a unit of a column has; 0 if they are not rounded."""

    if column.categories or column.decimals is None:
        return 0.0

    return 10.0**column.decimals


def _width(column: Column) -> float:
    """Return the width of the noise of a column of numbers; 0 for categories."""

    if column.categories:
        return 0.0

    step = 0.0 if column.decimals is None else 10.0**-column.decimals

    return max(step, NUMBER_NOISE * column.scale)
