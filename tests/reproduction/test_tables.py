from pathlib import Path

import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from diffeo.estimators import surrogate
from reproduction.experiment import ExperimentOptions
from reproduction.several import COUNT
from reproduction.tables.experiment import TABLES
from reproduction.tables.questions import lower_quartile, other_class

ROWS = pd.DataFrame({"x": [float(number) for number in range(8)]})


def test_what_was_found_in_a_table_is_told_by_its_estimator_and_its_flow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surrogate, "STEPS", 100)
    monkeypatch.setattr(surrogate, "SAMPLES", 300)
    monkeypatch.setattr(
        "diffeo.workflows.explain.table.draw_explanation", lambda *_: None
    )
    results = TABLES.run(ExperimentOptions(tmp_path, quick=True, progress=False))

    assert results["diabetes_unseen_typical"] > 0.5
    assert results["diabetes_forest_rows"] == 2

    for run in ("free", "frozen", "up", "down", "several"):
        assert results[f"diabetes_forest_{run}_kept"] == 1

    for run in ("free", "frozen", "down", "several"):
        assert results[f"diabetes_forest_{run}_reached"] > 0
        assert results[f"diabetes_forest_{run}_confirmed"] == 1

    assert results["diabetes_forest_several_inputs"] == 2
    assert f"diabetes_forest_several_times_as_far_{COUNT}" in results


def test_another_class_is_reached_where_the_estimator_is_sure_of_it() -> None:
    tree = DecisionTreeClassifier().fit(ROWS, list("aaaabbbb"))
    asked = other_class(tree, ROWS, 6)

    assert asked.goal == {"target": "other", "confidence": 0.9}
    assert asked.rows.x.tolist() == [0, 1, 2, 3, 4, 5]
    assert asked.reached(ROWS[2:]).tolist() == [False, False, True, True, False, False]
    twice = ROWS.loc[[0, 7, 1, 7, 2, 7, 3, 7, 4, 7, 5, 7]]
    assert asked.reached(twice).tolist() == [False, True] * 4 + [False] * 4


def test_rows_above_the_lower_quartile_are_asked_to_come_to_it() -> None:
    tree = DecisionTreeRegressor().fit(ROWS, ROWS.x)
    asked = lower_quartile(tree, ROWS, 4)

    assert asked.goal == {"at_most": 1.75}
    assert asked.rows.x.tolist() == [2, 3, 4, 5]
    assert asked.reached(ROWS[:4]).tolist() == [True, True, False, False]
