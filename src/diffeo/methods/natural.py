"""Samples in shells around a point in latent coordinates."""

import time
from dataclasses import dataclass, replace

from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.methods.hunt import Around, Hunt
from diffeo.methods.shells import Shells, ShrinkingShells
from diffeo.objectives import TargetClass
from diffeo.progress import watch
from diffeo.search import Run, search
from diffeo.settings import describe
from diffeo.shapes import Data, Latent, Memory, Model, Scores

__all__ = ["Natural"]


@dataclass(frozen=True)
class Natural:
    """Sample around a datum in coordinates, and keep the nearest that reached.

    It needs no gradient. All rows see the same directions, so that they are
    independent of each other. Of a run it heeds reserve, seed, path and progress; a
    step is a sample.

    Source: Zhao, Dua and Singh, 2018, Generating natural adversarial examples. As in
    Dombrowski et al., 2024, Section V, the coordinates are those of the generative
    model under comparison, z comes from its encoder, and the target is a class with a
    confidence.

    Args:
        shells: Where to sample.
        samples: In each shell.
        budget: Most samples of a row; a last shell that does not fit is left out.
        batch_size: Samples looked at together.
    """

    shells: Shells = ShrinkingShells()  # noqa: RUF009 (frozen, stateless)
    samples: int = 50
    budget: int = 1000
    batch_size: int = 256

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= self.budget:
            raise ValueError(
                f"samples must be from 1 to the budget of {self.budget}, got "
                f"{self.samples}"
            )

        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")

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

        objective, place = TargetClass(target, confidence), Bounded(coordinates)
        around = Around(model, objective, place, self.batch_size)
        begun = time.perf_counter()
        still = replace(run, steps=1, starts=1, path=False, progress=False)
        start = search(x, model, objective, place, _Stay(), still)

        with watch("Sampling", len(x), shown=run.progress) as bar:
            hunt = Hunt(around, start, self.shells, run)
            hunt.run_all(self.samples, self.budget // self.samples, bar)

        settings = {
            "method": describe(self),
            "objective": describe(objective),
            "coordinates": describe(coordinates),
            "run": describe(run),
        }

        return replace(hunt.record(time.perf_counter() - begun), settings=settings)


@dataclass(frozen=True)
class _Stay:
    """Do not step: a search is then a look at where it starts."""

    def start(self, z: Latent) -> Memory:  # noqa: ARG002
        return ()

    def step(
        self,
        z: Latent,
        score: Scores,  # noqa: ARG002
        gradient: Latent,  # noqa: ARG002
        memory: Memory,
    ) -> tuple[Latent, Memory]:
        return z, memory
