"""Forests and other estimators on two tables: what is reached, kept and typical."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import joblib
import pandas as pd
import torch

from diffeo.cli.explain import explain_command
from diffeo.cli.fit import fit_command
from diffeo.coordinates.limits import names_in
from diffeo.counterfactuals import Counterfactuals
from diffeo.several import alternatives
from diffeo.shapes import Flags
from diffeo.workflows.explain.table import TableToExplain
from reproduction.experiment import (
    Experiment,
    ExperimentOptions,
    Findings,
    apply_rules,
    mean,
)
from reproduction.several import COUNT, several_results
from reproduction.tables.cases import ANSWER, CASES, QUICK, SEVERAL, Case
from reproduction.tables.questions import Question

__all__ = ["TABLES"]

UNSEEN, ROWS, QUICK_ROWS = 80, 60, 2
KEPT: Mapping[str, Callable[[Any, Any], Any]] = {
    "frozen": lambda old, new: old == new,  # as they were written
    "only_up": lambda old, new: old.astype(float) <= new.astype(float),
    "only_down": lambda old, new: old.astype(float) >= new.astype(float),
}
"""What is to hold between the cells of a column, by the option that limits it."""


@dataclass(frozen=True, eq=False)
class Explained:
    """What `diffeo explain` has written, and what is found in it.

    Args:
        record: What it says itself.
        confirmed: Whether the estimator, asked about the file, answers as it should.
        typical: Whether the row in the file is typical of the table.
        kept: Whether all limited columns are as they should be in the file.
        scale: The standard deviation of each number's column.
    """

    record: Counterfactuals
    confirmed: Flags
    typical: Flags
    kept: bool
    scale: tuple[float, ...]


RULES: Mapping[str, Callable[[Explained], float]] = {
    "{}_reached": lambda found: mean(found.record.reached & found.confirmed),
    "{}_confirmed": lambda found: mean(found.confirmed[found.record.reached]),
    "{}_typical": lambda found: mean(found.typical[found.record.reached]),
    "{}_kept": lambda found: float(found.kept),
}


def measure_tables(options: ExperimentOptions) -> Findings:
    """Explain unseen rows as users do, and ask the estimators about the files written.

    Args:
        options: Whether to be quick.
    """

    results: dict[str, float] = {}
    rows = QUICK_ROWS if options.quick else ROWS

    for name, case in (QUICK if options.quick else CASES).items():
        with TemporaryDirectory() as folder:
            found = _of_table(case, Path(folder), rows)

        results |= {f"{name}_{key}": value for key, value in found.items()}

    return Findings(results)


def _of_table(case: Case, folder: Path, rows: int) -> dict[str, float]:
    table = case.read().sample(frac=1, random_state=0)
    table[:UNSEEN].to_csv(folder / "unseen.csv", index=False)
    table[UNSEEN:].to_csv(folder / "table.csv", index=False)
    unseen, known = (pd.read_csv(folder / f"{x}.csv") for x in ("unseen", "table"))
    unseen_answers, answers = unseen.pop(ANSWER), known.pop(ANSWER)
    flow = folder / "flow.safetensors"
    given = f"{case.frozen},{case.one_way}"
    how = {"target": ANSWER, "given": given, "quiet": True, **case.how}
    fit_command(str(folder / "table.csv"), out=flow, **how)
    results = {"unseen_typical": mean(_typical(_read(folder / "unseen.csv", flow)))}

    for name, estimator in case.estimators.items():
        fitted = estimator.fit(known, answers)
        joblib.dump(fitted, folder / "model.joblib")
        question = case.ask(fitted, unseen, rows)
        question.rows.to_csv(folder / "asked.csv", index=False)
        found = {
            f"{name}_{run}": _explained(folder, f"{name}_{run}", question, options)
            for run, options in case.runs(name).items()
        }
        results |= {
            f"{name}_rows": float(len(question.rows)),
            f"{name}_typical_before": mean(_typical(_read(folder / "asked.csv", flow))),
            f"{name}_score": fitted.score(unseen, unseen_answers),
            **apply_rules(RULES, found),
            **{
                f"{name}_{way}_possible": _possible(
                    question, known, f"only_{way}", case.one_way
                )
                for way in ("up", "down")
            },
        }

        for key, each in found.items():
            if key.endswith(SEVERAL):
                results |= _several(key, each)

    return results


def _explained(
    folder: Path, name: str, question: Question, options: Mapping[str, Any]
) -> Explained:
    """Explain the rows that are asked, and read what was written."""

    asked, flow, out = folder / "asked.csv", folder / "flow.safetensors", folder / name
    explain_command(
        data=str(asked),
        model=str(folder / "model.joblib"),
        coordinates=str(flow),
        out=out,
        quiet=True,
        **question.goal,
        **options,
    )
    written = out / "counterfactuals.csv"
    table = _read(written, flow)
    before, after = (pd.read_csv(each, dtype=str) for each in (asked, written))
    kept = [
        KEPT[rule](before[column], after[column]).all()
        for rule in KEPT
        for column in names_in(options.get(rule))
    ]

    return Explained(
        Counterfactuals.load(out / "record.safetensors"),
        torch.from_numpy(question.reached(pd.read_csv(written))),
        _typical(table),
        all(kept),
        tuple(table.flow.scale.tolist()),
    )


def _possible(question: Question, real: pd.DataFrame, rule: str, column: str) -> float:
    """Return for which share of rows a real one within the limit answers as asked."""

    rows = question.rows
    answered = question.reached(pd.concat([real] * len(rows)))
    within = KEPT[rule](rows[[column]].to_numpy(), real[column].to_numpy())

    return float((answered.reshape(len(rows), -1) & within).any(1).mean())


def _several(name: str, found: Explained) -> dict[str, float]:
    """Return how far several of each row are, how many differ and are typical."""

    typical = found.typical.reshape(-1, COUNT).T
    parts = zip(alternatives(found.record), typical, strict=True)

    return {
        **several_results(name, found.record, found.scale),
        **{
            f"{name}_typical_{number}": mean(flags[part.reached])
            for number, (part, flags) in enumerate(parts, 1)
        },
    }


def _read(path: Path, flow: Path) -> TableToExplain:
    return TableToExplain.read(str(path), str(flow))


def _typical(table: TableToExplain) -> Flags:
    """Return which rows of a table are among the central 95 % of those of its flow."""

    return cast("Flags", table.flow.is_typical(table.rows.images))


TABLES = Experiment(
    "tables",
    "Tables: what is reached, kept and typical with estimators of scikit-learn.",
    measure_tables,
)
