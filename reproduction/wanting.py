"""Methods that want more than the goal that they are given."""

from collections.abc import Callable
from dataclasses import replace

from diffeo.methods import GradientMethod
from diffeo.objectives import Objective

__all__ = ["wanting"]


def wanting(
    method: GradientMethod, more: Callable[[Objective], Objective]
) -> GradientMethod:
    """Return a method that wants more than its goal, and pays its price once.

    Args:
        method: What wants the goal alone.
        more: From the goal to what is wanted in its place, such as that further
            classifiers agree.
    """

    def price(goal: Objective) -> Objective:
        return method.price(more(goal))

    return replace(method, price=price)
