"""Samples in shells around a point in latent coordinates."""

import time
from dataclasses import dataclass

from diffeo.ascents import NormalizedGradient
from diffeo.batching import slices
from diffeo.climb import Hill
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.methods.hunt import Hunt, Sampling
from diffeo.methods.shells import Shells, ShrinkingShells
from diffeo.objectives import TargetClass
from diffeo.progress import watch
from diffeo.search import Run, prepare
from diffeo.shapes import Data, Model

__all__ = ["Natural"]


@dataclass(frozen=True)
class Natural:
    """Sample around a datum in coordinates, and keep the nearest that reached.

    It needs no gradient. All rows see the same directions, so that they are
    independent of each other. Of a run it heeds batch size, reserve, seed, path and
    progress; a step is a sample.

    Source: Zhao, Dua and Singh, 2018, Generating natural adversarial examples. As in
    Dombrowski et al., 2024, Section V, the coordinates are those of the generative
    model under comparison, z comes from its encoder, and the target is a class with a
    confidence.

    Args:
        shells: Where to sample.
        samples: In each shell.
        budget: Most samples of a row; a last shell that does not fit is left out.
    """

    shells: Shells = ShrinkingShells()  # noqa: RUF009 (frozen, stateless)
    samples: int = 50
    budget: int = 1000

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= self.budget:
            raise ValueError(
                f"samples must be from 1 to the budget of {self.budget}, got "
                f"{self.samples}"
            )

    def explain(
        self,
        x: Data,
        model: Model,
        coordinates: Coordinates,
        *,
        target: int,
        confidence: float,
        run: Run,
    ) -> Counterfactuals:
        """Find the nearest sample of the target class; see `Method`."""

        objective = TargetClass(target, confidence)
        hill = Hill(model, objective, Bounded(coordinates), NormalizedGradient())
        base = prepare(x, hill, run.batch_size)
        sampling = Sampling(self.shells, self.samples, self.budget // self.samples)
        settings = {
            "method": repr(self),
            "objective": repr(objective),
            "coordinates": type(coordinates).__name__,
            "run": repr(run),
        }
        records: list[Counterfactuals] = []
        interrupted = False

        with watch("Sampling", len(x), shown=run.progress) as bar:
            for rows in slices(len(x), run.batch_size):
                begun = time.perf_counter()
                hunt = Hunt(hill, base.rows(rows), sampling, run, interrupted)
                hunt.run_all(bar)
                interrupted = hunt.interrupted
                records.append(hunt.record(time.perf_counter() - begun, settings))

        return concatenate(records)
