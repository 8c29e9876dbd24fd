"""Results files: flat, a name and a number."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

__all__ = ["Reproduction", "show_table", "write_results"]


@dataclass(frozen=True)
class Reproduction:
    """What an experiment is told.

    Args:
        out: Folder for results.json and the figures.
        data: The data sets' folder; the environment variable DIFFEO_DATA if not given.
        quick: Whether to run on less data, to see that it works.
        weights: Whether to use shipped weights where the experiment would train.
        progress: Whether to show bars.
    """

    out: Path
    data: Path | None = None
    quick: bool = False
    weights: bool = False
    progress: bool = True


def write_results(results: Mapping[str, float], folder: Path) -> None:
    """Write results.json into a folder."""

    text = json.dumps(dict(results), indent=2)
    (folder / "results.json").write_text(f"{text}\n", encoding="utf-8")


def show_table(
    title: str, results: Mapping[str, float], published: Mapping[str, float]
) -> None:
    """Print the results beside the paper's numbers.

    Args:
        title: Of the table.
        results: Measured now.
        published: The paper's, for those results that it has.
    """

    table = Table("result", "here", "paper", title=title)

    for name, value in results.items():
        known = f"{published[name]:.4g}" if name in published else ""
        table.add_row(name, f"{value:.4g}", known)

    Console().print(table)
