"""What the experiments have in common: options, findings, files and a table."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from rich.console import Console
from rich.table import Table
from torch import Tensor

from diffeo.evaluation.intervals import Interval
from diffeo.workflows.folders import write_results
from diffeo.workflows.train.module import TrainingOptions
from reproduction.provenance import provenance

__all__ = [
    "Drawing",
    "Experiment",
    "ExperimentOptions",
    "Findings",
    "Size",
    "Training",
    "apply_rules",
    "mean",
    "median",
    "show_table",
    "training_command",
    "with_ends",
    "without_ends",
]

Size = Literal["small", "paper"]
"""Whether a model is small enough for two cores, or as large as the paper's."""

Drawing = Callable[[Path], object]
Subject = TypeVar("Subject")
Finding = TypeVar("Finding")


@dataclass(frozen=True)
class ExperimentOptions:
    """Where an experiment reads and writes, and how much of it is run.

    Args:
        out: Folder for results.json, the figures and pages.
        data: Folder of the data sets; the environment variable DIFFEO_DATA if not
            given.
        quick: Whether to run on less data, to see that it works.
        weights: Whether to use shipped weights where the experiment would train.
        progress: Whether to show bars.
    """

    out: Path
    data: Path | None = None
    quick: bool = False
    weights: bool = False
    progress: bool = True


@dataclass(frozen=True, eq=False)
class Findings:
    """What an experiment found.

    Args:
        results: Numbers by name, as results.json holds them.
        drawings: Functions that write a figure, page or table to a path, by the name
            of its file.
        headlines: Names of the results worth a line on the terminal; all if empty.
    """

    results: Mapping[str, float]
    drawings: Mapping[str, Drawing] = field(default_factory=dict)
    headlines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """An experiment of the paper.

    Args:
        name: What it is called on the command line; results/NAME is its folder.
        title: What it shows, in a sentence.
        measure: From options to findings; nothing is written.
        published: The paper's numbers, or goals, by the name of the result.
        beside: What these are called in the table.
    """

    name: str
    title: str
    measure: Callable[[ExperimentOptions], Findings]
    published: Mapping[str, float | str] = field(default_factory=dict)
    beside: str = "paper"

    def run(self, options: ExperimentOptions) -> dict[str, float]:
        """Measure, write results.json and provenance.json, print a table, then draw.

        A drawing that fails costs its own file and a message.

        Args:
            options: Where to read and write, and how much to run.

        Returns:
            The results by name.
        """

        origin = provenance("src", "reproduction")  # of the code that runs, before all
        findings = self.measure(options)
        write_results(findings.results, options.out)
        told = origin | {"quick": options.quick}
        write_results(told, options.out, "provenance.json")
        shown = findings.headlines or tuple(findings.results)
        results = {name: findings.results[name] for name in shown}
        show_table(self.title, results, self.published, self.beside)

        for name, draw in findings.drawings.items():
            try:
                draw(options.out / name)
            except Exception as error:  # noqa: BLE001 - the results are worth more
                message = f"{name} could not be drawn: {error!r}"
                Console(stderr=True).print(message, markup=False)

        return dict(findings.results)


@dataclass(frozen=True)
class Training:
    """A training behind shipped weights.

    Args:
        name: Name of the weights.
        title: What is trained, in a sentence.
        epochs: Passes over the data that the shipped weights took.
        train: Writes the weights, given options and the folder of the data sets.
        batch_size: Rows in a batch.
        paper: The same for a model of the paper's size, if it is another.
    """

    name: str
    title: str
    epochs: int
    train: Callable[[TrainingOptions, Path | None], None]
    batch_size: int = 128
    paper: Callable[[TrainingOptions, Path | None], None] | None = None


def training_command(options: TrainingOptions, size: Size = "small") -> str:
    """Return the command that repeats a training, for the card of its weights."""

    return (
        f"python -m reproduction train {options.weights.stem} "
        f"--epochs {options.epochs} --seed {options.seed} "
        f"--batch-size {options.batch_size}"
        f"{' --size paper' if size == 'paper' else ''}"
    )


def apply_rules(
    rules: Mapping[str, Callable[[Subject], Finding]], subjects: Mapping[str, Subject]
) -> dict[str, Finding]:
    """Return what each rule says of each subject.

    Args:
        rules: From a subject to a number or an interval, by the name of the result, in
            which "{}" stands for the name of the subject.
        subjects: What is measured, by name.

    Example:
        >>> apply_rules({"length_{}": len}, {"one": "a", "two": "ab"})
        {'length_one': 1, 'length_two': 2}
    """

    return {
        key.format(name): rule(subject)
        for name, subject in subjects.items()
        for key, rule in rules.items()
    }


def with_ends(intervals: Mapping[str, Interval]) -> dict[str, float]:
    """Return values by name, and beside each the ends of its interval.

    Args:
        intervals: By the name of the value; the ends are NAME_low and NAME_high.

    Example:
        >>> list(with_ends({"reached": Interval(0.5, 0.4, 0.6, rows=100)}))
        ['reached', 'reached_low', 'reached_high']
    """

    return {
        key: value
        for name, interval in intervals.items()
        for key, value in interval.as_results(name).items()
    }


def without_ends(results: Mapping[str, float]) -> tuple[str, ...]:
    """Return the names worth a line on the terminal: no ends of intervals.

    Args:
        results: Numbers by name.

    Example:
        >>> without_ends({"reached": 0.5, "reached_low": 0.4, "reached_high": 0.6})
        ('reached',)
    """

    return tuple(name for name in results if not name.endswith(("_low", "_high")))


def mean(values: Tensor) -> float:
    """Return the mean of numbers or flags; not a number if there are none."""

    return values.double().mean().item()


def median(values: Tensor) -> float:
    """Return the median, the lower of two; not a number if there are none."""

    return values.double().median().item() if len(values) else math.nan


def show_table(
    title: str,
    results: Mapping[str, float],
    published: Mapping[str, float | str],
    beside: str = "paper",
) -> None:
    """Print results beside the paper's numbers, or goals.

    Args:
        title: Headline of the table.
        results: Numbers measured now, by name.
        published: The paper's numbers, or goals, for those results that have one.
        beside: What these are called.
    """

    table = Table("result", "here", beside, title=title)

    for name, value in results.items():
        known = published.get(name, "")
        shown = known if isinstance(known, str) else f"{known:.4g}"
        table.add_row(name, f"{value:.4g}", shown)

    Console().print(table)
