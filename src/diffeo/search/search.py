"""A search: ascend an objective in some coordinates until the target is reached."""

from collections.abc import Iterator

import torch
from torch import Tensor

from diffeo.answers import ask, check_outputs
from diffeo.ascents import Ascent, Momentum, Polyak
from diffeo.batching import backing_off
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.memory import keep_freed
from diffeo.objectives.protocol import Objective, check_rows
from diffeo.search.batches import Batches
from diffeo.search.checks import (
    check_data,
    check_latent,
    check_modes,
    check_parts,
)
from diffeo.search.plan import plan_search
from diffeo.search.problem import Problem
from diffeo.search.run import Run
from diffeo.settings import describe
from diffeo.shapes import Data, Model
from diffeo.without_grad import without_grad

__all__ = ["DEFAULT_ASCENT", "default_ascent", "search", "search_batches"]


def default_ascent(rate: float = 0.7) -> Ascent:
    """Return how a search steps unless told: the fastest to all targets compared.

    Args:
        rate: Greatest length of a step, in coordinates.

    Example:
        >>> default_ascent(0.5)
        Polyak(ascent=Momentum(rate=0.5, decay=0.3))
    """

    return Polyak(Momentum(rate, decay=0.3))


DEFAULT_ASCENT = default_ascent()
"""How a search steps unless told."""

TRIED = 2  # rows that the model is asked about before the search is planned


def search(
    x: Data,
    model: Model,
    objective: Objective,
    coordinates: Coordinates,
    ascent: Ascent | None = None,
    run: Run | None = None,
) -> Counterfactuals:
    """Find for each row a point at which the model's outputs are those wanted.

    The score of the objective is ascended in the coordinates. The model and the
    coordinates are never changed. Rows are independent of each other. An interrupt from
    the keyboard ends the search and returns what has been found.

    Source: Dombrowski et al., 2024, Algorithm 1.

    Args:
        x: The data to explain, a row for each input.
        model: From data to logits or values, in evaluation mode.
        objective: What to ascend and when to stop.
        coordinates: Where to move, in evaluation mode.
        ascent: How to step; `DEFAULT_ASCENT` if not given.
        run: How long to search, in what batches, and so on.

    Raises:
        ValueError: If the data, the model or the coordinates cannot be searched.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> x = torch.zeros(3, 2)
        >>> search(x, lambda x: x.sum(1), AtLeast(2.0), Identity((2,))).counts()
        {<Outcome.REACHED: 1>: 3}
    """

    batches = _prepare(x, model, objective, coordinates, ascent, run or Run())
    records = list(batches.records())

    if not records:
        raise KeyboardInterrupt

    return concatenate([*records, *batches.not_begun(sum(map(len, records)))])


def search_batches(
    x: Data,
    model: Model,
    objective: Objective,
    coordinates: Coordinates,
    ascent: Ascent | None = None,
    run: Run | None = None,
) -> Iterator[Counterfactuals]:
    """Search batch after batch, so that each can be saved as soon as it is done.

    An interrupt from the keyboard ends the iteration with what the last batch has
    found; there are then fewer rows than inputs, or some that were interrupted.

    Args:
        x: The data to explain, a row for each input.
        model: From data to logits or values, in evaluation mode.
        objective: What to ascend and when to stop.
        coordinates: Where to move, in evaluation mode.
        ascent: How to step; `DEFAULT_ASCENT` if not given.
        run: How long to search, in what batches, and so on.

    Returns:
        The records of consecutive rows, in order.

    Raises:
        ValueError: If the data, the model or the coordinates cannot be searched.

    Example:
        >>> from diffeo import AtLeast, Identity
        >>> x, run = torch.zeros(5, 2), Run(batch_size=2)
        >>> found = search_batches(
        ...     x, lambda x: x.sum(1), AtLeast(2.0), Identity((2,)), run=run
        ... )
        >>> [len(record) for record in found]
        [2, 2, 1]
    """

    return _prepare(x, model, objective, coordinates, ascent, run or Run()).records()


@torch.inference_mode(mode=False)
@torch.enable_grad()
def _prepare(
    x: Data,
    model: Model,
    objective: Objective,
    coordinates: Coordinates,
    ascent: Ascent | None,
    run: Run,
) -> Batches:
    """Refuse what cannot be searched, and plan the rest."""

    check_data(x)
    ascent = ascent or DEFAULT_ASCENT
    check_parts(
        model=model, objective=objective, coordinates=coordinates, ascent=ascent
    )
    check_modes(model=model, coordinates=coordinates)
    keep_freed()
    encoded, outputs = _first_rows(x, model, coordinates, run)
    check_rows(objective, outputs, len(x))
    problem = Problem(without_grad(model), objective, coordinates, ascent)
    plan = plan_search(problem, run, encoded[:1], len(x))
    settings: dict[str, object] = {
        "objective": describe(objective),
        "coordinates": describe(coordinates),
        "ascent": describe(ascent),
        "run": describe(run),
        "model": describe(model),
        "backward": plan.backward,
        "precision": plan.precision,
    }

    return Batches(x, coordinates, plan, run, encoded, settings)


@torch.no_grad()
def _first_rows(
    x: Data, model: Model, coordinates: Coordinates, run: Run
) -> tuple[Tensor, Tensor]:
    """Encode the first rows and ask the model about a few of them, twice."""

    count = min(len(x), TRIED if run.batch_size == "auto" else run.batch_size)
    encoded = next(
        backing_off(
            lambda rows: ask(coordinates.encode, x[rows], "coordinates.encode"),
            count,
            count,
        )
    )
    check_latent(encoded)
    few = x[: min(TRIED, len(encoded))]
    outputs = ask(model, few, "the model")
    check_outputs(outputs, ask(model, few[:1], "the model"))

    return encoded, outputs
