"""A bar on the terminal for long work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

__all__ = ["Bar", "watch"]


@dataclass
class Bar:
    """Counts of rows on the terminal: those of earlier batches and of this one.

    Args:
        display: Where the counts are shown.
        task: Which of the display's lines.
        finished: Rows that earlier batches finished.
        reached: Rows of earlier batches that reached their target.
    """

    display: Progress
    task: TaskID
    finished: int = 0
    reached: int = 0

    def show(self, finished: int, reached: int) -> None:
        """Show the counts of the current batch beside those of the earlier ones."""

        self.display.update(
            self.task,
            completed=self.finished + finished,
            note=f"{self.reached + reached} reached",
        )

    def describe(self, words: str) -> None:
        """Show in a few words what is being done."""

        self.display.update(self.task, description=words)

    def begin(self, words: str) -> None:
        """Count one more, and show in a few words what is being done."""

        self.display.update(self.task, advance=1, description=words)

    def close_batch(self, finished: int, reached: int) -> None:
        """Count a whole batch among the earlier ones."""

        self.finished += finished
        self.reached += reached
        self.show(0, 0)


@contextmanager
def watch(title: str, total: int, *, shown: bool) -> Iterator[Bar]:
    """Show how many rows are finished, and how many of them reached their target.

    Args:
        title: What is being done.
        total: How many rows there are.
        shown: Whether to show anything at all.

    Yields:
        The bar to tell of progress.
    """

    display = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not shown,
    )

    with display:
        yield Bar(display, display.add_task(title, total=total, note=""))
