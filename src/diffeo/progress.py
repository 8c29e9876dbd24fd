"""One bar on the terminal for all long work: counts, a note and the time left."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

__all__ = ["Bar", "track", "watch"]

Item = TypeVar("Item")


@dataclass
class Bar:
    """A count on the terminal.

    Searches count rows, those of earlier batches and of the current one; all other work
    counts its parts with `update` or `begin`.

    Args:
        display: What draws the count.
        task: The count's line in the display.
        finished: Rows that earlier batches finished.
        reached: Rows of earlier batches that reached their target.

    Example:
        >>> with watch("Searching", 8, shown=False) as bar:
        ...     bar.show(finished=3, reached=2)
        ...     bar.close_batch(finished=4, reached=4)
        >>> bar.reached
        4
    """

    display: Progress
    task: TaskID
    finished: int = 0
    reached: int = 0

    def update(self, finished: int, note: str = "") -> None:
        """Show how many parts are finished.

        Args:
            finished: How many.
            note: What to say of them.
        """

        self.display.update(self.task, completed=finished, note=note)

    def describe(self, words: str) -> None:
        """Show in a few words what is being done."""

        self.display.update(self.task, description=words)

    def begin(self, words: str) -> None:
        """Count one part more, and show in a few words what is being done."""

        self.display.update(self.task, advance=1, description=words)

    def show(self, finished: int, reached: int) -> None:
        """Show the rows of the current batch beside those of the earlier ones.

        Args:
            finished: Rows of the current batch that are finished.
            reached: Rows of the current batch that reached their target.
        """

        self.update(self.finished + finished, f"{self.reached + reached} reached")

    def close_batch(self, finished: int, reached: int) -> None:
        """Count a whole batch among the earlier ones."""

        self.finished += finished
        self.reached += reached
        self.show(0, 0)


@contextmanager
def watch(title: str, total: int, *, shown: bool) -> Iterator[Bar]:
    """Show a bar while the block runs.

    Args:
        title: What is being done.
        total: How many parts or rows there are.
        shown: Whether to show anything at all.

    Yields:
        The bar, to be told of progress.

    Example:
        >>> with watch("Training", 2, shown=False) as bar:
        ...     bar.update(1, "loss 0.7")
        ...     bar.update(2, "loss 0.5")
    """

    display = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        disable=not shown,
    )

    with display:
        yield Bar(display, display.add_task(title, total=total, note=""))


def track(items: Collection[Item], title: str, *, shown: bool) -> Iterator[Item]:
    """Give items one after the other and show how many are finished.

    Args:
        items: What is worked on.
        title: What is being done.
        shown: Whether to show anything at all.

    Yields:
        The items.

    Example:
        >>> [image for image in track("abc", "Drawing", shown=False)]
        ['a', 'b', 'c']
    """

    with watch(title, len(items), shown=shown) as bar:
        for finished, item in enumerate(items, 1):
            yield item

            bar.update(finished)
