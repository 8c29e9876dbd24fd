"""What there is to say of each row: for the page, and as a table of all rows."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from diffeo.counterfactuals import Counterfactuals, Outcome, Typicality
from diffeo.counterfactuals.start import keeps_what_is_lost
from diffeo.files import write_csv
from diffeo.report.output_text import OutputText, output_text
from diffeo.report.statement_text import in_order

__all__ = ["choose_rows", "describe_rows", "write_table"]

UNTYPICAL = "The input looks untypical to the generative model."
DENIED = {
    "typical_after": "The result is not typical of the table.",
    "agreement_after": "The judge, whom the search did not ask, does not agree.",
}
"""What a statement says that is 0."""

APPROXIMATE = (
    "Its coordinates decode to it only within {:.2g}: the search began at the "
    "reconstruction."
)
KEPT = (
    "Its coordinates decode to it only within {:.2g}: what they lost was added to all "
    "that they decoded."
)
REMEDIES = {
    Outcome.EXHAUSTED: "More steps or longer ones may help.",
    Outcome.INTERRUPTED: "Search it again to the end.",
    Outcome.NONFINITE: "Shorter steps may help; the best finite point is shown.",
    Outcome.STALLED: "More patience, restarts or other steps may help.",
}
ENCODING = "approximate", "exact"
TYPICAL = dict(zip(Typicality, ("unknown", "no", "yes"), strict=True))


def describe_rows(record: Counterfactuals, text: OutputText) -> list[dict[str, Any]]:
    """Return what there is to say of each row of a record.

    Args:
        record: Searches of a method.
        text: What its outputs say.

    Returns:
        For each row the columns of the table, by their name, and for people:
        before: The number that the search moves, at the factual.
        after: The same at the counterfactual.
        certainty: Probability of the first answer; empty if not known.
        label: The name, or the number if there is none.
        meaning: How the search ended.
        reached: Whether the counterfactual is at its target.
        start: What the search began at: x or its reconstruction r.
        change_length: Length of the change from there.
        reconstruction_error: Distance of r from x.
        doubts: Sentences that say why the search failed or deserves doubt.
        statements: The numbers stated of the row, by name.

    Example:
        >>> import torch
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), place)
        >>> describe_rows(record, output_text(record))[1]["label"]
        'No. 1'
    """

    columns, stated = _columns(record, text), in_order(record.statements)
    outcomes = [Outcome(code) for code in record.outcome.tolist()]
    ends = [f"{text.quantity} {text.write(value)}" for value in text.after.tolist()]
    elsewhere = (record.start != record.factual).flatten(1).any(1)
    approximate = KEPT if keeps_what_is_lost(record.settings) else APPROXIMATE
    lost = [
        "" if exact else approximate.format(error)
        for exact, error in zip(
            record.exact.tolist(), record.round_trip.tolist(), strict=True
        )
    ]
    statements = [
        {name: record.statements[name][row].item() for name in stated}
        for row in range(len(record))
    ]
    columns |= {
        "before": text.before.tolist(),
        "after": text.after.tolist(),
        "certainty": text.certainties or [""] * len(record),
        "label": map(record.name_of, range(len(record))),
        "meaning": [outcome.meaning for outcome in outcomes],
        "reached": record.reached.tolist(),
        "start": ["r" if moved else "x" for moved in elsewhere.tolist()],
        "change_length": record.change_length.tolist(),
        "reconstruction_error": record.reconstruction_error.tolist(),
        "doubts": map(
            _doubts,
            outcomes,
            ends,
            columns["typical"],
            statements,
            lost,
        ),
        "statements": statements,
    }

    return [
        dict(zip(columns, values, strict=True))
        for values in zip(*columns.values(), strict=True)
    ]


def _columns(record: Counterfactuals, text: OutputText) -> dict[str, Iterable[Any]]:
    """Return the columns of the table by their name."""

    return {
        "row": range(len(record)),
        "name": record.names or [""] * len(record),
        "target": text.targets,
        "answer_before": text.answers(record.outputs_before),
        "answer_after": text.answers(record.outputs_after),
        "outcome": [Outcome(code).name.lower() for code in record.outcome.tolist()],
        "steps": record.steps.tolist(),
        f"{text.quantity}_before": text.before.tolist(),
        f"{text.quantity}_after": text.after.tolist(),
        "distance": record.distance.tolist(),
        "latent_distance": record.latent_distance.tolist(),
        "typical": [TYPICAL[code] for code in record.typical.tolist()],
        "encoding": [ENCODING[exact] for exact in record.exact.tolist()],
        "round_trip": record.round_trip.tolist(),
        "seconds": record.seconds.tolist(),
    }


def write_table(
    record: Counterfactuals, path: Path, classes: tuple[str, ...] = ()
) -> None:
    """Write a CSV file with a line for each row, complete or not at all.

    What was stated of the rows follows in the last columns.

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
    columns, stated = _columns(record, text), in_order(record.statements)
    values = [record.statements[name].tolist() for name in stated]
    lines = [
        [f"{value:.6g}" if isinstance(value, float) else value for value in line]
        for line in zip(*columns.values(), *values, strict=True)
    ]
    write_csv(path, [[*columns, *stated], *lines])


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


def _doubts(
    outcome: Outcome,
    end: str,
    typical: str,
    statements: Mapping[str, float],
    lost: str,
) -> tuple[str, ...]:
    doubts = []

    if outcome in REMEDIES:
        doubts.append(
            f"It {outcome.meaning}; its best point has {end}. {REMEDIES[outcome]}"
        )

    if typical == "no":
        doubts.append(UNTYPICAL)

    doubts += [words for name, words in DENIED.items() if statements.get(name) == 0]

    if lost:
        doubts.append(lost)

    return tuple(doubts)
