"""One table of all statistics."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table as Grid

from diffeo.evaluation.metric import Better

__all__ = ["QUICK", "Measurement", "Note", "Table"]

ARROWS = {Better.HIGHER: "↑", Better.LOWER: "↓"}
QUICK = "The judges were hardly trained: these figures only show that all works."


class Measurement(NamedTuple):
    """One metric of one method or control.

    Args:
        name: Name of the method or control.
        metric: Name of the metric.
        better: Which way is better.
        value: Statistic of the rows.
        low: Lower end of its interval.
        high: Upper end of its interval.
        rows: Number of rows that were measured.

    Example:
        >>> Measurement("ours", "success", Better.HIGHER, 0.5, 0.4, 0.6, rows=100).value
        0.5
    """

    name: str
    metric: str
    better: Better
    value: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True)
class Note:
    """What to know before a metric is believed.

    Args:
        metric: Name of the metric.
        reading: How it is to be read.
        blind: Pairs of controls that it does not tell apart.
        useless: Whether it tells real data from no other control.

    Example:
        >>> Note("ssim", "How alike.", (("real", "noise"),), useless=False).sentence
        'ssim does not tell real from noise.'
    """

    metric: str
    reading: str
    blind: tuple[tuple[str, str], ...]
    useless: bool

    @property
    def sentence(self) -> str:
        """The same for people; empty if the metric tells all controls apart."""

        if self.useless:
            return f"{self.metric} is useless here: no control differs from real data."

        pairs = ", ".join(f"{one} from {other}" for one, other in self.blind)

        return f"{self.metric} does not tell {pairs}." if pairs else ""


@dataclass(frozen=True)
class Table:
    """All measurements, with a note on each metric.

    Args:
        measurements: One wherever something was measured.
        notes: One for each metric.
        controls: Which of the names are controls.
        quick: Whether the judges were hardly trained.

    Example:
        >>> one = Measurement("ours", "success", Better.HIGHER, 0.5, 0.4, 0.6, rows=100)
        >>> Table((one,), ()).as_results()
        {'ours_success': 0.5, 'ours_success_low': 0.4, 'ours_success_high': 0.6}
    """

    measurements: tuple[Measurement, ...]
    notes: tuple[Note, ...]
    controls: tuple[str, ...] = ()
    quick: bool = False

    def as_results(self) -> dict[str, float]:
        """Return flat names to numbers: NAME_METRIC with its _low and _high.

        If the judges were hardly trained, "quick" is 1.
        """

        results = {"quick": 1.0} if self.quick else {}

        for each in self.measurements:
            stem = f"{each.name}_{each.metric}"
            results[stem] = each.value
            results[f"{stem}_low"] = each.low
            results[f"{stem}_high"] = each.high

        return results

    def write_csv(self, path: Path) -> None:
        """Write one line for each measurement; "quick" says so in each of them."""

        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*Measurement._fields, "quick"])
            writer.writerows([*each, int(self.quick)] for each in self.measurements)

    def show(self, console: Console | None = None) -> None:
        """Print a line for each metric.

        Each method has a block of its own, with its intervals, and the controls beside
        it. A block of the usual controls fits into 80 characters.
        """

        console = console or Console()
        names = dict.fromkeys(each.name for each in self.measurements)
        better = {each.metric: ARROWS[each.better] for each in self.measurements}
        found = {(each.name, each.metric): each for each in self.measurements}

        for method in (name for name in names if name not in self.controls):
            block = Grid.grid(padding=(0, 2, 0, 0))
            block.add_row("", method, *self.controls)

            for metric, arrow in better.items():
                own = found.get((method, metric))
                others = [found.get((name, metric)) for name in self.controls]
                cells = [
                    f"{each.value:.3g}" if each else "–" for each in (own, *others)
                ]

                if own:
                    cells[0] += f" [{own.low:.3g}, {own.high:.3g}]"

                block.add_row(f"{metric} {arrow}", *cells)

            console.print(block, markup=False)

        for remark in (QUICK if self.quick else "", *(n.sentence for n in self.notes)):
            if remark:
                console.print(remark, markup=False)
