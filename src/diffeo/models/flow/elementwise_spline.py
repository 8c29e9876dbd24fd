"""A learned monotone map of single pixels, at first the one that makes them normal."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from diffeo.models.flow.bijection import DataDependent
from diffeo.shapes import Images, LogDet

__all__ = ["ElementwiseSpline"]

Knots = Float[Tensor, "channels knots"]
ChannelValues = Float[Tensor, "channels values"]


class ElementwiseSpline(DataDependent):
    """A rational-quadratic spline for each channel, linear outside its knots.

    Most pixels of a digit are black, and the uniform noise of their dequantization
    fills one narrow bin, whose sharp edges affine couplings cannot bend. This map can:
    it starts as Φ⁻¹ ∘ F, with F the distribution of the pixels, and learns on.

    Source: Durkan, Bekasov, Murray and Papamakarios, 2019, Neural spline flows,
    Section 3.1; started as in Chen and Gopinath, 2001, Gaussianization.

    Args:
        channels: Channels of the images.
        bins: Pieces of each spline.
        tail: Quantile, in standard deviations, at which the linear tails begin.

    Example:
        >>> spline, x = ElementwiseSpline(1, bins=4), torch.rand(50, 1, 2, 2)
        >>> spline.initialize(x)
        >>> y, _ = spline(x)
        >>> torch.allclose(spline.inverse(y)[0], x, atol=1e-5)
        True
    """

    def __init__(self, channels: int, *, bins: int = 48, tail: float = 3.0) -> None:
        super().__init__()
        self.tail = tail
        self.left = nn.Parameter(torch.zeros(channels, 1))
        self.bottom = nn.Parameter(torch.zeros(channels, 1))
        self.log_width = nn.Parameter(torch.zeros(channels, bins))
        self.log_height = nn.Parameter(torch.zeros(channels, bins))
        self.log_slope = nn.Parameter(torch.zeros(channels, bins + 1))

    def set_parameters(self, x: Images) -> None:
        """Set the knots so that the values of `x` become standard normal."""

        values = x.transpose(0, 1).flatten(1).double()
        heights = torch.linspace(
            -self.tail,
            self.tail,
            self.log_slope.shape[1],
            dtype=values.dtype,
            device=values.device,
        )
        ranks = torch.special.ndtr(heights) * (values.shape[1] - 1)
        knots = values.sort(dim=1).values[:, ranks.round().long()]
        width = knots.diff(dim=1).clamp_min(1e-6)
        height = heights.diff().expand_as(width)
        secant = (height / width).log()
        padded = torch.cat((secant[:, :1], secant, secant[:, -1:]), dim=1)

        self.left.copy_(knots[:, :1])
        self.bottom.copy_(heights[0])
        self.log_width.copy_(width.log())
        self.log_height.copy_(height.log())
        self.log_slope.copy_((padded[:, 1:] + padded[:, :-1]) / 2)

    def forward(self, x: Images) -> tuple[Images, LogDet]:
        """Return the mapped pixels."""

        values, knots = _rows(x), self._knots()
        piece = knots.find(knots.x, values)
        place = (values - piece.x) / piece.width
        inner = place.clamp(0, 1)
        y, slope = piece.evaluate(inner)
        outside = (place - inner) * piece.width
        y = y + outside * piece.tail_slope(outside)

        return _images(y, x), _images(slope.log(), x).flatten(1).sum(1)

    def inverse(self, y: Images) -> tuple[Images, LogDet]:
        """Return the pixels."""

        values, knots = _rows(y), self._knots()
        piece = knots.find(knots.y, values)
        rise = values - piece.y
        inner = torch.minimum(rise.clamp_min(0), piece.height)
        place = piece.solve(inner)
        _, slope = piece.evaluate(place)
        outside = rise - inner
        x = piece.x + place * piece.width + outside / piece.tail_slope(outside)

        return _images(x, y), -_images(slope.log(), y).flatten(1).sum(1)

    def _knots(self) -> "_Knots":
        self.check_initialized()
        width, height = self.log_width.exp(), self.log_height.exp()
        x = torch.cat((self.left, self.left + width.cumsum(1)), dim=1)
        y = torch.cat((self.bottom, self.bottom + height.cumsum(1)), dim=1)

        return _Knots(x, y, self.log_slope.exp())


class _Knots(NamedTuple):
    x: Knots
    y: Knots
    slope: Knots

    def find(self, sides: Knots, values: ChannelValues) -> "_Piece":
        """Return the piece in which each value lies, the first or last if outside."""

        inner = sides[:, 1:-1].detach().contiguous()
        index = torch.searchsorted(inner, values.detach().contiguous())
        x, y, slope = (
            (side.gather(1, index), side.gather(1, index + 1)) for side in self
        )

        return _Piece(x[0], x[1] - x[0], y[0], y[1] - y[0], *slope)


class _Piece(NamedTuple):
    x: ChannelValues
    width: ChannelValues
    y: ChannelValues
    height: ChannelValues
    slope: ChannelValues
    next_slope: ChannelValues

    def evaluate(self, place: ChannelValues) -> tuple[ChannelValues, ChannelValues]:
        """Return height and slope of the curve at a place in [0, 1] along the piece."""

        secant = self.height / self.width
        mixed = place * (1 - place)
        curvature = self.slope + self.next_slope - 2 * secant
        below = secant + curvature * mixed
        y = self.y + self.height * (secant * place**2 + self.slope * mixed) / below
        slope = secant**2 * (
            self.next_slope * place**2
            + 2 * secant * mixed
            + self.slope * (1 - place) ** 2
        )

        return y, slope / below**2

    def solve(self, rise: ChannelValues) -> ChannelValues:
        """Return the place at which the curve has risen so far from its start."""

        secant = self.height / self.width
        bend = rise * (self.slope + self.next_slope - 2 * secant)
        a = self.height * (secant - self.slope) + bend
        b = self.height * self.slope - bend
        c = -secant * rise

        return 2 * c / (-b - (b**2 - 4 * a * c).clamp_min(0).sqrt())

    def tail_slope(self, outside: ChannelValues) -> ChannelValues:
        """Return the slope of the line on that side of the piece."""

        return torch.where(outside < 0, self.slope, self.next_slope)


def _rows(x: Images) -> ChannelValues:
    return x.transpose(0, 1).flatten(1)


def _images(rows: ChannelValues, like: Images) -> Images:
    batch, channels, *sides = like.shape

    return rows.reshape(channels, batch, *sides).transpose(0, 1)
