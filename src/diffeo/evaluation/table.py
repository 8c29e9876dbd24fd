"""One table of all figures."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from diffeo.evaluation.metric import Better

__all__ = ["Entry", "Note", "Table"]

ARROWS = {Better.HIGHER: "↑", Better.LOWER: "↓"}


@dataclass(frozen=True)
class Entry:
    """One figure of one method or control.

    Args:
        name: Of the method or control.
        metric: What is measured.
        value: Over the rows.
        low: Lower end of its interval.
        high: Upper end of its interval.
        better: Which way is better.
        rows: How many were measured.
    """

    name: str
    metric: str
    value: float
    low: float
    high: float
    better: Better
    rows: int


@dataclass(frozen=True)
class Note:
    """What to know before a metric is believed.

    Args:
        metric: Which.
        reading: How it is to be read.
        blind: Pairs of controls that it does not tell apart.
        useless: Whether it tells real data from no other control.
    """

    metric: str
    reading: str
    blind: tuple[tuple[str, str], ...]
    useless: bool

    @property
    def sentence(self) -> str:
        """The same for people."""

        if self.useless:
            return f"{self.metric} is useless here: no control differs from real data."

        pairs = ", ".join(f"{one} from {other}" for one, other in self.blind)

        return f"{self.metric} does not tell {pairs}." if pairs else ""


@dataclass(frozen=True)
class Table:
    """All figures, with a note on each metric.

    Args:
        entries: Where something was measured.
        notes: One for each metric.
        controls: Which of the names are controls.
    """

    entries: tuple[Entry, ...]
    notes: tuple[Note, ...]
    controls: tuple[str, ...] = ()

    @property
    def useless(self) -> tuple[str, ...]:
        """The metrics that cannot tell the controls from real data."""

        return tuple(note.metric for note in self.notes if note.useless)

    def as_results(self) -> dict[str, float]:
        """Return flat names to numbers: NAME_METRIC with its _low and _high."""

        results = {}

        for entry in self.entries:
            stem = f"{entry.name}_{entry.metric}"
            results[stem] = entry.value
            results[f"{stem}_low"] = entry.low
            results[f"{stem}_high"] = entry.high

        return results

    def write_csv(self, path: Path) -> None:
        """Write one line for each figure."""

        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(
                ["name", "metric", "value", "low", "high", "better", "rows"]
            )
            writer.writerows(
                (e.name, e.metric, e.value, e.low, e.high, e.better.value, e.rows)
                for e in self.entries
            )

    def show(self, console: Console | None = None) -> None:
        """Print a line for each metric, a column for each method or control."""

        console = console or Console()
        names = _once([entry.name for entry in self.entries])
        table = RichTable("metric", "", *names)
        found = {(entry.metric, entry.name): entry for entry in self.entries}

        for metric in _once([entry.metric for entry in self.entries]):
            row = [found.get((metric, name)) for name in names]
            arrow = next(ARROWS[entry.better] for entry in row if entry)
            table.add_row(metric, arrow, *(_cell(entry) for entry in row))

        console.print(table)

        for note in self.notes:
            if note.sentence:
                console.print(note.sentence)


def _cell(entry: Entry | None) -> str:
    if entry is None:
        return "–"

    return f"{entry.value:.3g} [{entry.low:.3g}, {entry.high:.3g}]"


def _once(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))
