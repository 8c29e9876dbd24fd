"""Methods that ask several classifiers where they asked one."""

from collections.abc import Sequence
from dataclasses import replace

from diffeo.methods import GradientMethod
from diffeo.objectives import Agreed, Objective
from diffeo.shapes import Model

__all__ = ["agreed_by"]


def agreed_by(method: GradientMethod, others: Sequence[Model]) -> GradientMethod:
    """Return a method that asks further classifiers too, and pays its price once.

    Args:
        method: What asks one classifier alone.
        others: The further ones, which must be as sure.
    """

    def price(objective: Objective) -> Objective:
        return method.price(Agreed(objective, others))

    return replace(method, price=price)
