"""A table under audit: which columns moved, by how much, and in which rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, starmap
from pathlib import Path
from typing import Any

from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.data.features import features_of
from diffeo.report.section import Section
from diffeo.report.table_changes import columns_table, in_words
from diffeo.workflows.audit.explained import Explained, Measured
from diffeo.workflows.audit.judges import OF_ROWS, Trainer
from diffeo.workflows.audit.moved_rows import FEWEST, MovedRows
from diffeo.workflows.explain.table import TableToExplain

__all__ = ["AuditedTable"]

SAID, LISTED, DRAWN = 3, 10, 8  # columns that moved most
LEAST = 2  # rows of least change that are shown
LARGEST = 4  # changes of a row that are told


@dataclass(frozen=True, eq=False)
class AuditedTable:
    """The rows of a table, whose columns are told of in their own units.

    Args:
        source: The table and its flow.

    Example:
        >>> AuditedTable.noun
        'rows'
    """

    source: TableToExplain

    noun, unit = "rows", " σ"  # what they are called; what follows their distances
    limits = (  # what an audit of them cannot say
        "What is seen here was enough to change the model’s answer, along rows that "
        "the flow knows. It does not say that nothing else would be enough, nor that "
        "the model always looks at it, nor what causes what in the world.",
        "The flow has its own gaps, and columns that go together in its table go "
        "together here too, whether or not the model looks at them all.",
        "The rows are a sample; intervals hold the median of such samples 95 times in "
        "100. Of a table that the flow was fitted to, the flow knows these rows.",
    )

    @property
    def judges(self) -> Mapping[str, Trainer]:
        """How judges are trained that have learned the truth; none if it is unknown."""

        return OF_ROWS if self.source.truth else {}

    def measured(self, explained: Explained) -> Measured:
        """Return what changed in the rows that reached their answer."""

        flow, moved = self.source.flow, MovedRows.of(explained, self.source)
        written = explained.answers(features_of(moved.after, flow.columns))
        typical = flow.is_typical(explained.found.counterfactual)
        told = {
            "as_written": _share(explained.direction.holds(written)),
            "typical": None if typical is None else _share(typical),
            "columns": moved.figures,
            "regions": moved.shares,
            "map": [moved.points.double().mean(0).round(decimals=6).tolist()],
        }

        return Measured(moved.points.norm(dim=1), moved.points, told)

    def words(self, told: dict[str, Any]) -> list[str]:
        """Return which columns moved most, in sentences.

        Args:
            told: Of the direction, as audit.json holds it.
        """

        named = "; ".join(starmap(_in_words, _moved_most(told)))
        words = [f"Columns that moved most: {named}."]

        if told["typical"] is not None:
            words.append(
                f"{told['typical']:.0%} are typical of the table, by the flow."
            )

        if told["as_written"] < 1:
            words.append(
                f"As they are written, {told['as_written']:.0%} have that answer."
            )

        return words

    def most(self, told: dict[str, Any]) -> str:
        """Return the columns that moved most, and by how much."""

        return ", ".join(starmap(_briefly, _moved_most(told)))

    def sections(self, explained: Explained) -> list[Section]:
        """Return a table of columns with their histograms, and one of examples.

        Args:
            explained: The direction.
        """

        from diffeo.report.table_figures import columns_figure

        moved, told = MovedRows.of(explained, self.source), explained.told
        known = {column.name: column for column in self.source.flow.columns}
        drawn = [known[name] for name in islice(told["columns"], DRAWN)]
        before, after = (
            features_of(each, drawn) for each in (moved.before, moved.after)
        )
        listed, others = LISTED, len(known) - LISTED
        more = f" {others} more columns are in audit.json." if others > 0 else ""
        direction = explained.direction

        return [
            Section(
                "",
                [_unit(len(explained.held_out)) + more],
                columns_table(moved.changes, moved.columns)[: listed + 1],
                charts=[columns_figure(drawn, before, after, ("before", "after"))],
            ),
            Section(
                f"{direction.start} → {direction.goal}: examples",
                ["The largest changes of each row come first."],
                [
                    ("which", "row", "distance", "from → to"),
                    *_examples(explained.found, moved, told),
                ],
            ),
        ]

    def draw(self, explained: Explained, folder: Path) -> None:
        """Draw the page of a direction, and the table of its counterfactuals.

        Args:
            explained: The direction.
            folder: Where its record lies.
        """

        rows = self.source.select(explained.direction.rows.tolist())
        rows.draw(explained.record, len(rows.table), explained.search, folder)


def _unit(held_out: int) -> str:
    whose = f"the {held_out} rows that were not explained"

    return (
        "Standard deviations σ are those among "
        f"{whose if held_out >= FEWEST else 'the rows that the flow was fitted to'}; "
        "another category counts as one. Medians count rows that did not move."
    )


def _examples(
    found: Counterfactuals, moved: MovedRows, told: dict[str, Any]
) -> Iterator[tuple[str, str, str, str]]:
    """Yield rows of least change, and the ends of each kind, as lines of a table."""

    size = moved.points.norm(dim=1)
    clusters = [cluster["members"] for cluster in told["clusters"]]
    ends = [
        (f"kind {number} of {len(clusters)}, {len(rows)} rows: {what}", rows[place])
        for number, rows in enumerate(clusters, 1)
        for what, place in (("the most typical", 0), ("the oddest", -1))[: len(rows)]
    ]
    least = size.argsort()[:LEAST].tolist()

    for what, row in [*(("least change", row) for row in least), *ends]:
        words = [
            f"{name} {old} → {new}{f' ({by})' if by else ''}"
            for name, old, new, by in in_words(moved.changes[row][:LARGEST])
        ]
        yield what, found.name_of(row), f"{size[row]:.3g} σ", "; ".join(words)


def _moved_most(told: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    moved = (each for each in told["columns"].items() if each[1]["moved"])

    return islice(moved, SAID)


def _briefly(name: str, found: dict[str, Any]) -> str:
    if "commonest" in found:
        return f"{name} (in {found['moved']:.0%})"

    return f"{name} ({found['deviations']:+.2f} σ)"


def _in_words(name: str, found: dict[str, Any]) -> str:
    if "commonest" in found:
        common = found["commonest"][:1]
        most = [f", mostly {each['from']} → {each['to']}" for each in common]

        return f"{name} (in {found['moved']:.0%} of them{''.join(most)})"

    return (
        f"{name} (rose in {found['rose']}, fell in {found['fell']}; "
        f"{found['median']:+.4g}, {found['deviations']:+.2f} σ in the median)"
    )


def _share(flags: Tensor) -> float:
    return flags.double().mean().item()
