"""How far a method is ahead of others, over the same images."""

from collections.abc import Mapping, Sequence
from itertools import product

import torch
from torch import Tensor

from diffeo.evaluation.intervals import interval_of

__all__ = ["Flags", "leads"]

WHAT = "named", "no_lie"
Flags = Mapping[str, Mapping[str, Tensor]]
"""By method, then by what is true of it: flags of the same images of a task."""


def leads(forms: Mapping[str, Sequence[Flags]], ours: str) -> dict[str, float]:
    """Return a method's shares less each other method's, with their intervals.

    Intervals are of differences over the same images; those over all forms are of each
    image's mean over the forms.

    Args:
        forms: By form, those of each task; the images are the same in each form.
        ours: The method that the others are compared with.

    Example:
        >>> one = {"named": torch.ones(4), "no_lie": torch.ones(4)}
        >>> two = {"named": torch.zeros(4), "no_lie": torch.ones(4)}
        >>> found = leads({"decides": [{"a": one, "b": two}]}, "a")
        >>> found["a_minus_b_named"], found["a_minus_b_decides_no_lie_high"]
        (1.0, 0.0)
    """

    others = [name for name in next(iter(forms.values()))[0] if name != ours]
    results: dict[str, float] = {}

    for other, what in product(others, WHAT):
        ahead = {
            f"{form}_": torch.cat(
                [one[ours][what].double() - one[other][what].double() for one in tasks]
            )
            for form, tasks in forms.items()
        }
        ahead[""] = torch.stack(list(ahead.values())).mean(0)

        for form, difference in ahead.items():
            stem = f"{ours}_minus_{other}_{form}{what}"
            results |= interval_of(difference).as_results(stem)

    return results
