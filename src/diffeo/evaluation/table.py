"""One table of all statistics: on the terminal, and in a file."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from diffeo.evaluation.evaluation import Evaluation
from diffeo.evaluation.intervals import Interval
from diffeo.evaluation.metric import Better
from diffeo.files import write_csv

__all__ = ["QUICK", "print_table", "write_evaluation"]

ARROWS = {Better.HIGHER: "↑", Better.LOWER: "↓"}
QUICK = "The judges were hardly trained: these figures only show that all works."


def write_evaluation(evaluation: Evaluation, path: Path) -> None:
    """Write a CSV file with one line for each measurement, complete or not at all.

    Args:
        evaluation: What was measured; if by judges that were hardly trained, "quick"
            says so in each line.
        path: The file.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_evaluation(Evaluation((), {}), Path(folder, "table.csv"))
        ...     Path(folder, "table.csv").read_text().strip()
        'name,metric,better,value,low,high,rows,quick'
    """

    quick = int(evaluation.settings.quick)
    head = "name", "metric", "better", *Interval._fields, "quick"
    lines = (
        (name, metric.name, metric.better, *interval, quick)
        for name, metric, interval in evaluation.measurements
    )
    write_csv(path, [head, *lines])


def print_table(evaluation: Evaluation, console: Console | None = None) -> None:
    """Print a line for each metric.

    Each method has a block of its own, with its intervals, and the controls beside it.
    A block of the usual controls fits into 80 characters.

    Args:
        evaluation: What was measured.
        console: Where to; the standard output if not given.

    Example:
        >>> print_table(Evaluation((), {}))
    """

    console, controls = console or Console(), evaluation.controls
    found = {each[:2]: each.interval for each in evaluation.measurements}
    names = dict.fromkeys(name for name, _ in found)

    for method in (name for name in names if name not in controls):
        block = Table.grid(padding=(0, 2, 0, 0))
        block.add_row("", method, *controls)

        for metric in dict.fromkeys(metric for _, metric in found):
            every = [found.get((name, metric)) for name in (method, *controls)]
            cells = [f"{each.value:.3g}" if each else "–" for each in every]

            if own := every[0]:
                cells[0] += f" [{own.low:.3g}, {own.high:.3g}]"

            block.add_row(f"{metric.name} {ARROWS[metric.better]}", *cells)

        console.print(block, markup=False)

    remarks = [QUICK] if evaluation.settings.quick else []

    for remark in [*remarks, *(note.sentence for note in evaluation.notes)]:
        if remark:
            console.print(remark, markup=False)
