"""A search: climb an objective in some coordinates until the target is reached."""

import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from diffeo.ascents import Ascent, NormalizedGradient
from diffeo.batching import slices
from diffeo.climb import Base, Climb, Hill
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals, Outcome, choose, concatenate
from diffeo.objectives import Objective, Point
from diffeo.progress import watch
from diffeo.shapes import Data, Latent, Model

__all__ = ["Run", "search"]


@dataclass(frozen=True)
class Run:
    """How to carry out a search.

    Args:
        steps: Most steps of a row.
        batch_size: Rows searched together.
        reserve: Margin at which a row stops. A little more than 0 lets it stay at its
            target when its pixels are rounded.
        starts: Searches of each row; the nearest to its origin that reached is kept.
        spread: Standard deviation, in coordinates, of the noise added to the origin at
            all starts but the first.
        seed: Of that noise.
        path: Whether to keep the coordinates along the search.
        progress: Whether to show a bar.
    """

    steps: int = 1000
    batch_size: int = 128
    reserve: float = 0.02
    starts: int = 1
    spread: float = 0.1
    seed: int = 0
    path: bool = False
    progress: bool = False

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "starts"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be at least 1, got {getattr(self, name)}"
                )

        for name in ("reserve", "spread"):
            if not getattr(self, name) >= 0:
                raise ValueError(
                    f"{name} must be at least 0, got {getattr(self, name)}"
                )


def search(
    x: Data,
    model: Model,
    objective: Objective,
    coordinates: Coordinates,
    ascent: Ascent | None = None,
    run: Run | None = None,
) -> Counterfactuals:
    """Find for each row the point uphill at which the model answers differently.

    The model and the coordinates are never changed. Rows are independent of each other.
    An interrupt from the keyboard ends the search and returns what has been found.

    Source: Dombrowski et al., 2024, Algorithm 1.

    Args:
        x: The data to explain.
        model: From data to logits or values, in evaluation mode.
        objective: What to climb and when to stop.
        coordinates: Where to move.
        ascent: How to step; along the normalized gradient if not given.
        run: How long, in what batches, and so on.

    Raises:
        ValueError: If the data, the model or the coordinates cannot be searched.
    """

    ascent, run = ascent or NormalizedGradient(), run or Run()
    _check_data(x)
    _check_mode(model)
    hill = Hill(model, objective, coordinates, ascent)
    base = _prepare(x, hill, run.batch_size)
    settings = {
        "objective": repr(objective),
        "coordinates": type(coordinates).__name__,
        "ascent": repr(ascent),
        "run": repr(run),
    }
    records: list[Counterfactuals] = []
    interrupted = False

    with watch("Searching", len(x) * run.starts, shown=run.progress) as bar:
        for shift in _shifts(base.origin, run):
            batches: list[Counterfactuals] = []

            for rows in slices(len(x), run.batch_size):
                begun = time.perf_counter()
                part = base.rows(rows)
                climb = Climb(hill, part, part.origin + shift, run.reserve, interrupted)
                climb.run(run.steps, bar, keep_path=run.path)
                interrupted = climb.interrupted
                batches.append(_record(climb, time.perf_counter() - begun, settings))

            records.append(concatenate(batches))

    return _nearest(records)


def _prepare(x: Data, hill: Hill, batch_size: int) -> Base:
    """Encode and decode the data and ask the model, before the first step."""

    parts = []

    with torch.no_grad():
        for rows in slices(len(x), batch_size):
            factual = x[rows].detach()
            origin = hill.coordinates.encode(factual)
            _check_latent(origin, factual)
            outputs = hill.model(factual)
            _check_outputs(outputs, factual)
            parts.append((origin, hill.coordinates.decode(origin), outputs))

        origin, reconstruction, outputs = (
            torch.cat(piece) for piece in zip(*parts, strict=True)
        )
        point = Point(x.detach(), origin, outputs, x.detach(), origin)
        memory = hill.objective.start(point)

    return Base(x.detach(), origin, reconstruction, outputs, memory)


def _shifts(origin: Latent, run: Run) -> list[Tensor]:
    """Return the same few shifts for every row, so that rows stay independent."""

    generator = torch.Generator().manual_seed(run.seed)
    noise = torch.randn(run.starts - 1, origin.shape[1], generator=generator)

    return [torch.zeros_like(origin[0]), *(run.spread * noise.to(origin))]


def _record(climb: Climb, seconds: float, settings: dict[str, str]) -> Counterfactuals:
    base, rows = climb.base, len(climb.z)
    point = Point(climb.data, climb.latent, climb.outputs, base.factual, base.origin)
    still = (climb.latent == base.origin).all(1)
    there = climb.margin >= 0
    outcome = torch.full_like(climb.steps, Outcome.EXHAUSTED)
    outcome[~climb.done & climb.interrupted] = Outcome.INTERRUPTED
    outcome[climb.failed] = Outcome.NONFINITE
    outcome[there] = Outcome.REACHED
    outcome[there & still] = Outcome.ALREADY

    return Counterfactuals(
        factual=base.factual,
        reconstruction=base.reconstruction,
        counterfactual=climb.data,
        origin=base.origin,
        latent=climb.latent,
        target=climb.hill.objective.aim(point, base.memory),
        outcome=outcome,
        steps=climb.steps,
        outputs_before=base.outputs,
        outputs_after=climb.outputs,
        margin=climb.margin,
        typical=torch.ones_like(there),
        seconds=climb.margin.new_full((rows,), seconds / rows),
        path=_stack(climb.path, base.origin),
        path_margin=_stack(climb.path_margin, climb.margin),
        settings=settings,
    )


def _stack(points: list[Tensor], like: Tensor) -> Tensor:
    return torch.stack(points, dim=1) if points else like[:, None][:, :0]


def _nearest(records: list[Counterfactuals]) -> Counterfactuals:
    """Choose for each row, among its starts, the best record.

    That is the nearest to the origin among those at the target, else the one that came
    closest to it.
    """

    best = records[0]

    for other in records[1:]:
        closer = _distance(other) < _distance(best)
        ahead = other.margin > best.margin
        better = torch.where(
            best.reached, other.reached & closer, other.reached | ahead
        )
        best = choose(better, other, best)

    return best


def _distance(record: Counterfactuals) -> Tensor:
    distance: Tensor = torch.linalg.vector_norm(record.latent - record.origin, dim=1)

    return distance


def _check_data(x: Data) -> None:
    if x.ndim < 2 or len(x) == 0:
        raise ValueError(
            f"x must be (batch, ...) with at least one row, got {tuple(x.shape)}"
        )

    if not x.is_floating_point():
        raise ValueError(f"x must be floating point, got {x.dtype}")

    if not x.isfinite().all():
        raise ValueError("x must be finite, got NaN or infinity")


def _check_mode(model: Model) -> None:
    if isinstance(model, nn.Module) and any(part.training for part in model.modules()):
        raise ValueError(
            "the model must be in evaluation mode, got training mode; "
            "call model.eval() first"
        )


def _check_latent(z: Latent, x: Data) -> None:
    if z.ndim != 2 or len(z) != len(x):
        raise ValueError(
            f"coordinates.encode must return (batch, latent) with {len(x)} rows, got "
            f"{tuple(z.shape)}"
        )

    if not z.isfinite().all():
        raise ValueError(
            "coordinates.encode must return finite numbers, got NaN or infinity; "
            "is x in the range that the coordinates expect?"
        )


def _check_outputs(outputs: Tensor, x: Data) -> None:
    if outputs.ndim == 0 or len(outputs) != len(x):
        raise ValueError(
            f"the model must return one row for each of {len(x)} inputs, got "
            f"{tuple(outputs.shape)}"
        )

    if not outputs.isfinite().all():
        raise ValueError("the model must return finite outputs, got NaN or infinity")
