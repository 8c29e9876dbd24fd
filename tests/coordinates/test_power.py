import torch
from torch.autograd.functional import jacobian

from diffeo.coordinates.power import LEAST, MOST, log_slope, raised, rooted

POWERS = torch.tensor([LEAST, 0.5, 1.0, 1.5, MOST], dtype=torch.float64)
NUMBERS = torch.linspace(-30, 30, 61, dtype=torch.float64)[:, None].expand(-1, 5)


def test_numbers_come_back() -> None:
    torch.testing.assert_close(rooted(raised(NUMBERS, POWERS), POWERS), NUMBERS)
    torch.testing.assert_close(raised(rooted(NUMBERS / 9, POWERS), POWERS), NUMBERS / 9)


def test_slopes_are_those_of_the_transform_also_at_zero() -> None:
    for number in (-3.0, 0.0, 3.0):
        v = torch.full((1, 5), number, dtype=torch.float64)
        there = raised(v, POWERS)
        slope, back = (
            jacobian(lambda x, way=way: way(x, POWERS).sum(0), x).sum((1, 2))
            for way, x in ((raised, v), (rooted, there))
        )

        torch.testing.assert_close(slope, log_slope(v, POWERS)[0].exp())
        torch.testing.assert_close(back, 1 / slope)


def test_a_power_of_one_changes_nothing() -> None:
    torch.testing.assert_close(raised(NUMBERS, torch.ones_like(POWERS)), NUMBERS)
