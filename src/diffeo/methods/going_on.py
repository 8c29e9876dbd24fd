"""What methods do with a record of a search: go on from it, and say what they did."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import torch

from diffeo.batching import slices
from diffeo.coordinates.inference import inference_form
from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.objectives.protocol import rows_of
from diffeo.search.problem import Problem
from diffeo.settings import describe
from diffeo.without_grad import without_grad

__all__ = ["go_on", "restated"]


@torch.enable_grad()
def go_on(
    found: Counterfactuals,
    problem: Problem,
    further: Callable[[Counterfactuals, Problem], Counterfactuals],
) -> Counterfactuals:
    """Return what becomes of a record by going on from it, in batches of its size.

    Args:
        found: What a search has found.
        problem: What was searched.
        further: From some rows and the problem for these to their new record.

    Example:
        >>> from diffeo import AtLeast, Identity, NormalizedGradient, search
        >>> parts = AtLeast(1.0), Identity((2,)), NormalizedGradient(0.5)
        >>> found = search(torch.zeros(3, 2), lambda x: x.sum(1), *parts)
        >>> problem = Problem(lambda x: x.sum(1), *parts)
        >>> len(go_on(found, problem, lambda rows, problem: rows))
        3
    """

    place = inference_form(problem.coordinates) or problem.coordinates
    problem = problem._replace(model=without_grad(problem.model), coordinates=place)
    every = torch.arange(len(found), device=found.steps.device)
    parts = [
        further(
            found.select(every[index]),
            problem._replace(objective=rows_of(problem.objective, index)),
        )
        for index in slices(len(found), found.batch_size)
    ]

    return replace(concatenate(parts), batch_size=found.batch_size)


def restated(
    record: Counterfactuals, begun: float, parts: Mapping[str, object]
) -> Counterfactuals:
    """Return a record with the time that it took, and the settings of further parts.

    Args:
        record: What was found.
        begun: When that was begun, by `time.perf_counter`.
        parts: What it was found with, by name, besides or otherwise.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> x, place = torch.zeros(3, 2), Identity((2,))
        >>> found = search(x, lambda x: x.sum(1), AtLeast(1.0), place)
        >>> told = restated(found, time.perf_counter(), {"objective": AtLeast(2.0)})
        >>> told.settings["objective"]["low"]
        2.0
    """

    seconds = (time.perf_counter() - begun) / len(record)

    return replace(
        record,
        seconds=torch.full_like(record.seconds, seconds),
        settings={
            **record.settings,
            **{name: describe(part) for name, part in parts.items()},
        },
    )
