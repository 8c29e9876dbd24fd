from dataclasses import replace

import torch

from diffeo.counterfactuals.told import settings_of_columns
from diffeo.data.features import columns_of, features_of
from diffeo.data.table import Table
from diffeo.report.statement_text import statement_of
from diffeo.report.table_changes import changes_in_words
from mirrored import record_of

TABLE = Table(
    ("age", "height", "weight", "color"),
    (
        ("31", "1.70", "70", "red"),
        ("7", "1.25", "25", "blue"),
        ("54", "1.82", "90", "red"),
    ),
)
COLUMNS = columns_of(TABLE)


def test_columns_that_changed_come_by_their_change_and_categories_first() -> None:
    x = features_of(TABLE, COLUMNS)
    after = x.clone()
    after[0] = torch.tensor([32.0, 1.20, 70.0, 1.0, 0.0])
    told = settings_of_columns(COLUMNS)
    record = replace(record_of(x), counterfactual=after, settings=told)
    color, height, age = changes_in_words(record, 0)

    assert color == ("color", "red", "blue", "")
    assert height[:3] == ("height", "1.70", "1.20")
    assert age == ("age", "31", "32", "+0.05 σ")
    assert height[3].startswith("-2.0")
    assert changes_in_words(record, 1) == []


def test_whether_a_result_is_typical_is_told_in_a_word() -> None:
    write = statement_of("typical_after").write

    assert [write(1.0), write(0.0)] == ["yes", "NO"]
