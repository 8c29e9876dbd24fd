"""Powers that make the numbers of skewed columns more normal."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["likeliest_powers", "log_slope", "raised", "rooted"]

LEAST, MOST = 0.1, 1.9  # with powers between 0 and 2, all numbers are reached
STEPS = 37

Rows = Float[Tensor, "rows features"]
Powers = Float[Tensor, " features"]


def raised(v: Rows, power: Powers) -> Rows:
    """Return numbers after the transform of Yeo and Johnson.

    Above 0 that is ((1 + v)ᵖ − 1) / p, and below 0 the negative of the same of −v and
    2 − p: the slope at 0 is 1, and p = 1 changes nothing.

    Source: Yeo and Johnson, 2000, A new family of power transformations to improve
    normality or symmetry, for powers above 0 and below 2.

    Args:
        v: The numbers.
        power: p of each column.

    Example:
        >>> raised(torch.tensor([[-3.0, 3.0]]), torch.tensor([1.0, 0.5]))
        tensor([[-3.,  2.]])
    """

    return _on_both_sides(_raised, v, power)


def rooted(w: Rows, power: Powers) -> Rows:
    """Return the numbers that `raised` makes others of.

    Args:
        w: What it made of them.
        power: The power of each column.

    Example:
        >>> rooted(torch.tensor([[-3.0, 2.0]]), torch.tensor([1.0, 0.5]))
        tensor([[-3.,  3.]])
    """

    return _on_both_sides(_rooted, w, power)


def log_slope(v: Rows, power: Powers) -> Rows:
    """Return the logarithm of the slope of `raised` at each number.

    Args:
        v: The numbers.
        power: The power of each column.

    Example:
        >>> log_slope(torch.tensor([[0.0, 3.0]]), torch.tensor([0.5, 0.5])).exp()
        tensor([[1.0000, 0.5000]])
    """

    return (power - 1) * v.sign() * v.abs().log1p()


def likeliest_powers(v: Rows) -> Powers:
    """Return the power of each column at which it is most like a normal one.

    That is the greatest likelihood of a normal distribution, among 37 powers from 0.1
    to 1.9.

    Args:
        v: Numbers, of which no column is constant.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> normal = torch.randn(1000, 1, generator=generator)
        >>> likeliest_powers(torch.cat((normal, 10 * normal.exp()), 1))
        tensor([0.9000, 0.1000])
    """

    powers = torch.linspace(LEAST, MOST, STEPS).to(v)
    likelihoods = torch.stack(
        [
            log_slope(v, power).mean(0) - raised(v, power).var(0).log() / 2
            for power in powers[:, None].expand(-1, v.shape[1])
        ]
    )

    return powers[likelihoods.argmax(0)]


def _on_both_sides(
    transform: Callable[[Rows, Powers], Rows], v: Rows, power: Powers
) -> Rows:
    above, below = v.relu(), -v.clamp(max=0)  # of which one alone has a slope at 0

    return transform(above, power) - transform(below, 2 - power)


def _raised(v: Rows, power: Powers) -> Rows:
    return torch.expm1(power * v.log1p()) / power


def _rooted(w: Rows, power: Powers) -> Rows:
    return torch.expm1((power * w).log1p() / power)
