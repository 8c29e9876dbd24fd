"""Searches of the same digits by many methods, in parts that are kept on disk."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from diffeo.batching import slices
from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.settings import describe
from reproduction.kept import kept
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
    """

    setup: Setup
    entries: Mapping[str, Entry]
    tuned: Tuned

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

        return kept(
            f"{name}-{confidence}-{part.start}",
            [setup.fours, *weights],
            settings,
            lambda: setup.search(entry.method, confidence),
        )
