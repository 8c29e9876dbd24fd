"""What there is to say of each row: for the page, and as a table of all rows."""

import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from diffeo.counterfactuals import Counterfactuals, Outcome, Typicality
from diffeo.files import write_atomically
from diffeo.report.output_text import OutputText, output_text

__all__ = ["Row", "choose_rows", "rows_of", "write_table"]

UNTYPICAL = "The input looks untypical to the generative model."
REMEDIES = {
    Outcome.EXHAUSTED: "More steps or longer ones may help.",
    Outcome.INTERRUPTED: "Search it again to the end.",
    Outcome.NONFINITE: "Shorter steps may help; the best finite point is shown.",
}
TYPICAL = {
    Typicality.TYPICAL: "yes",
    Typicality.UNTYPICAL: "no",
    Typicality.UNKNOWN: "unknown",
}
COLUMNS = (
    "row,name,target,answer_before,answer_after,outcome,steps,{0}_before,{0}_after,"
    "distance,latent_distance,typical,seconds"
)


@dataclass(frozen=True)
class Row:
    """The search of one input.

    Args:
        number: Place of the input in the record, from 0.
        name: What the input is called; empty if it has no name.
        target: What the model should answer.
        answer_before: What it answers to the factual.
        answer_after: What it answers to the counterfactual.
        outcome: How the search ended, in a word.
        steps: How many steps led to the counterfactual.
        before: The number that the search moves, at the factual.
        after: The same at the counterfactual.
        distance: Euclidean distance between factual and counterfactual.
        latent_distance: Euclidean distance between their coordinates.
        typical: Whether the input is typical of the data: yes, no or unknown.
        seconds: Time spent.
        certainty: Probability of the first answer; empty if not known.
        meaning: How the search ended, for people.
        reached: Whether the counterfactual is at its target.
        doubts: Sentences that say why the search failed or deserves doubt.
    """

    number: int
    name: str
    target: str
    answer_before: str
    answer_after: str
    outcome: str
    steps: int
    before: float
    after: float
    distance: float
    latent_distance: float
    typical: str
    seconds: float
    certainty: str
    meaning: str
    reached: bool
    doubts: tuple[str, ...]

    @property
    def label(self) -> str:
        """The name, or the number if there is none."""

        return self.name or f"No. {self.number}"


def rows_of(record: Counterfactuals, text: OutputText) -> list[Row]:
    """Return what there is to say of each row of a record.

    Args:
        record: Searches of a method.
        text: What its outputs say.
    """

    outcomes = [Outcome(code) for code in record.outcome.tolist()]
    typical = [TYPICAL[Typicality(code)] for code in record.typical.tolist()]
    ends = [f"{text.quantity} {text.write(value)}" for value in text.after.tolist()]
    columns = zip(
        range(len(record)),
        record.names or [""] * len(record),
        text.targets,
        text.answers(record.outputs_before),
        text.answers(record.outputs_after),
        [outcome.name.lower() for outcome in outcomes],
        record.steps.tolist(),
        text.before.tolist(),
        text.after.tolist(),
        record.distance.tolist(),
        record.latent_distance.tolist(),
        typical,
        record.seconds.tolist(),
        text.certainties or [""] * len(record),
        [outcome.meaning for outcome in outcomes],
        record.reached.tolist(),
        map(_doubts, outcomes, ends, typical),
        strict=True,
    )

    return [Row(*values) for values in columns]


def write_table(
    record: Counterfactuals, path: Path, classes: tuple[str, ...] = ()
) -> None:
    """Write a CSV file with a line for each row, complete or not at all.

    Args:
        record: Whose rows are written.
        path: The file.
        classes: What the classes are called, in order; their numbers if empty.

    Example:
        >>> import tempfile, torch
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), place)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_table(record, Path(folder) / "summary.csv")
        ...     len((Path(folder) / "summary.csv").read_text().splitlines())
        3
    """

    text = output_text(record, classes)
    columns = COLUMNS.format(text.quantity).split(",")
    lines = [
        [
            f"{value:.6g}" if isinstance(value, float) else value
            for value in astuple(row)[: len(columns)]
        ]
        for row in rows_of(record, text)
    ]

    def write(draft: Path) -> None:
        with draft.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([columns, *lines])

    write_atomically(path, write)


def choose_rows(doubts: Sequence[bool], limit: int) -> list[int]:
    """Choose rows to show: half of them doubtful ones, if there are as many.

    Args:
        doubts: Whether each row failed or deserves doubt.
        limit: Most rows to choose.

    Returns:
        Row numbers in order, spread evenly over both kinds.

    Example:
        >>> choose_rows([False, False, True, False, False], 3)
        [0, 2, 3]
    """

    bad = [row for row, doubted in enumerate(doubts) if doubted]
    good = [row for row, doubted in enumerate(doubts) if not doubted]
    chosen = _spread(bad, max(limit // 2, limit - len(good)))

    return sorted(chosen + _spread(good, limit - len(chosen)))


def _spread(rows: list[int], count: int) -> list[int]:
    if len(rows) <= count:
        return rows

    return [rows[place * len(rows) // count] for place in range(count)]


def _doubts(outcome: Outcome, end: str, typical: str) -> tuple[str, ...]:
    doubts = []

    if outcome in REMEDIES:
        doubts.append(
            f"It {outcome.meaning}; its best point has {end}. {REMEDIES[outcome]}"
        )

    if typical == "no":
        doubts.append(UNTYPICAL)

    return tuple(doubts)
