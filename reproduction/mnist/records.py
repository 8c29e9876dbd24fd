"""Records of searches, kept on disk, so that a run that was ended goes on."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from diffeo.batching import slices
from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.evaluation.cache import Cache, content_key
from diffeo.settings import describe
from reproduction.mnist.baselines import Entry, Tuned
from reproduction.mnist.setup import Setup

__all__ = ["Records"]

SIZE = 50  # rows that are searched together and kept in one file


@dataclass(frozen=True, eq=False)
class Records:
    """Searches of the same factuals by many methods, each kept once it is done.

    Args:
        setup: The factuals, the models, and how long to search.
        entries: The methods by name.
        tuned: Their settings, on which the files depend.
        folder: Where records are kept.
    """

    setup: Setup
    entries: Mapping[str, Entry]
    tuned: Tuned
    folder: Path

    @classmethod
    def usual(
        cls, setup: Setup, entries: Mapping[str, Entry], tuned: Tuned
    ) -> "Records":
        """Return records that are kept beside trained judges."""

        return cls(setup, entries, tuned, Cache.usual().folder / "records")

    def of(
        self, name: str, confidence: float, rows: int | None = None
    ) -> Counterfactuals:
        """Return the record of the first factuals, searched now or read.

        Its seconds are those of the processor, which other programs hardly change.

        Args:
            name: The method.
            confidence: Probability that the classifier must have in the target.
            rows: How many factuals; as many as the method usually has if not given.
        """

        entry, fours = self.entries[name], self.setup.fours
        count = min(rows or entry.rows or len(fours), len(fours))

        return concatenate(
            [
                self._part(name, confidence, slice(part.start, min(part.stop, count)))
                for part in slices(count, SIZE)
            ]
        )

    def _part(self, name: str, confidence: float, part: slice) -> Counterfactuals:
        entry, setup = self.entries[name], self.setup
        setup = replace(
            setup,
            fours=setup.fours[part],
            run=replace(
                setup.run,
                closest=entry.closest,
                closest_steps=min(setup.run.closest_steps, entry.closest_steps),
                patience=entry.patience,
            ),
        )
        weights = [value for _, value in sorted(setup.model.state_dict().items())]
        settings = {
            "name": name,
            "method": describe(entry.method),
            "run": describe(replace(setup.run, progress=False)),
            "target": setup.target,
            "confidence": confidence,
            "tuned": dict(self.tuned),
        }
        key = content_key([setup.fours, *weights], settings)
        path = self.folder / f"{name}-{confidence}-{part.start}-{key}.safetensors"

        if path.is_file():
            return Counterfactuals.load(path)

        begun = time.process_time()
        record = setup.search(entry.method, confidence)
        seconds = (time.process_time() - begun) / len(record)
        record = replace(record, seconds=torch.full_like(record.seconds, seconds))
        self.folder.mkdir(parents=True, exist_ok=True)
        record.save(path)

        return record
