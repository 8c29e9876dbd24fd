"""A search: climb an objective in some coordinates until the target is reached."""

import math
import time
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from diffeo.ascents import Ascent, NormalizedGradient, Polyak
from diffeo.batching import backing_off
from diffeo.checks import check_data, check_latent, check_mode, check_outputs
from diffeo.climbing.climb import Climb
from diffeo.climbing.confirm import confirm
from diffeo.climbing.fitting import fit
from diffeo.climbing.hill import Base, Hill
from diffeo.climbing.proposing import proposing
from diffeo.climbing.record import record_of
from diffeo.climbing.refine import refine
from diffeo.climbing.walk import Summit, Trail
from diffeo.coordinates.inference import inference_form
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals, choose, concatenate
from diffeo.memory import keep_freed
from diffeo.objectives import Objective, Point
from diffeo.progress import Bar, watch
from diffeo.run import Run
from diffeo.shapes import Data, Latent, Model, Outputs
from diffeo.without_grad import without_grad

__all__ = ["USUAL", "Run", "search"]

USUAL: Ascent = Polyak(NormalizedGradient(1.0))
"""How a search steps unless told: of those compared, the fastest to all targets."""

PATIENCE = 25.0  # steps in lower precision, of which one at least is to gain something


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
        ascent: How to step; `USUAL` if not given.
        run: How long, in what batches, and so on.

    Raises:
        ValueError: If the data, the model or the coordinates cannot be searched.
    """

    ascent, run = ascent or USUAL, run or Run()
    check_data(x)
    check_mode(model)
    keep_freed()
    steady = inference_form(coordinates) or coordinates
    precision, quick, dtype = proposing(coordinates, steady, run, x)
    hill = Hill(without_grad(model), objective, quick, ascent)
    reversible = inference_form(coordinates, dtype=dtype, invertible=True)
    backward, place, size = fit(hill, reversible, x, run)
    judge = hill = hill._replace(coordinates=place)

    if quick is not steady:
        same = backward == "reversible" and inference_form(coordinates, invertible=True)
        judge = hill._replace(coordinates=same or steady)

    base, size = _prepare(x, judge, size)
    records: list[Counterfactuals] = []

    with watch("Searching", len(x) * run.starts, shown=run.progress) as bar:
        session = _Session(hill, judge, base, run, bar)

        for shift in _shifts(base.origin, run):
            parts, size = backing_off(partial(session.climb, shift), len(x), size)
            records.append(concatenate(parts))

    settings = {
        "objective": repr(objective),
        "coordinates": type(coordinates).__name__,
        "ascent": repr(ascent),
        "run": repr(run),
        "batch_size": str(size),
        "backward": backward,
        "precision": precision,
    }

    return replace(_nearest(records), settings=settings)


@dataclass
class _Session:
    """What the batches of a search share.

    Args:
        hill: What is climbed.
        judge: The same in full precision.
        base: All rows.
        run: How to search.
        bar: What to tell of progress.
    """

    hill: Hill
    judge: Hill
    base: Base
    run: Run
    bar: Bar
    interrupted: bool = False

    def climb(self, shift: Tensor, rows: slice) -> Counterfactuals:
        """Search for some rows, once, from origins that are shifted."""

        begun = time.perf_counter()
        base = self.base.rows(rows)
        start = base.origin + shift
        trail = Trail(start) if self.run.path else None
        climb = Climb(
            self.hill,
            base,
            start,
            self.run.reserve,
            patience=math.inf if self.hill is self.judge else PATIENCE,
            trail=trail,
            interrupted=self.interrupted,
        )
        climb.run(0 if self.interrupted else self.run.steps, self.bar)
        summit = self._landed(climb)
        self.interrupted = climb.interrupted
        self.bar.close_batch(len(start), int((summit.margin >= 0).sum()))

        return record_of(climb, summit, time.perf_counter() - begun)

    def _landed(self, climb: Climb) -> Summit:
        """Return where rows ended, confirmed in full precision and refined."""

        summit = climb.walk.whole

        try:
            if self.judge is not self.hill:
                summit = self._confirmed(climb, summit)

            return refine(
                self.judge,
                climb.base,
                summit,
                reserve=self.run.reserve,
                looks=self.run.refine,
            )
        except KeyboardInterrupt:
            climb.interrupted = True

            return summit

    def _confirmed(self, climb: Climb, summit: Summit) -> Summit:
        """Let rows that did not arrive after all start over in full precision."""

        reserve = self.run.reserve
        summit = confirm(self.judge, climb.base, summit, reserve=reserve)
        rows = (~summit.done).nonzero()[:, 0]

        if len(rows) == 0 or climb.interrupted:
            return summit

        again = Climb(self.judge, climb.base.rows(rows), climb.z[rows], reserve)
        again.run(self.run.steps, self.bar)
        climb.interrupted = again.interrupted

        return summit.put(rows, again.walk.whole._replace(row=rows))


def _prepare(x: Data, hill: Hill, size: int) -> tuple[Base, int]:
    """Encode and decode the data and ask the model, before the first step."""

    with torch.no_grad():
        parts, size = backing_off(lambda rows: _look(hill, x[rows]), len(x), size)
        origin, reconstruction, outputs = (
            torch.cat(piece) for piece in zip(*parts, strict=True)
        )
        point = Point(x.detach(), origin, outputs, x.detach(), origin)
        memory = hill.objective.start(point)

    return Base(x.detach(), origin, reconstruction, outputs, memory), size


def _look(hill: Hill, x: Data) -> tuple[Latent, Data, Outputs]:
    origin = hill.coordinates.encode(x)
    check_latent(origin, x)
    outputs = hill.model(x)
    check_outputs(outputs, x)

    return origin, hill.coordinates.decode(origin), outputs


def _shifts(origin: Latent, run: Run) -> list[Tensor]:
    """Return the same few shifts for every row, so that rows stay independent."""

    generator = torch.Generator().manual_seed(run.seed)
    noise = torch.randn(run.starts - 1, origin.shape[1], generator=generator)

    return [torch.zeros_like(origin[0]), *(run.spread * noise.to(origin))]


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
