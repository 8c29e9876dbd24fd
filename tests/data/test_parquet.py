from pathlib import Path

import pandas as pd
import pyarrow
import pytest
from pyarrow.parquet import write_table

from diffeo.data.features import columns_of, features_of
from diffeo.data.table import read_table


def test_a_parquet_file_is_the_table_that_a_csv_file_is(tmp_path: Path) -> None:
    people = pd.DataFrame(
        {
            "age": [31, 7, 44],
            "height": pd.array([1.7, 1.2, 1.816], dtype="float32"),
            "weight": [70.25, 1e-7, 100.0],
            "city": pd.Categorical(["Ulm", "Bonn", "Ulm"]),
            "smokes": [True, False, False],
        }
    )
    people.to_parquet(tmp_path / "people.parquet")
    people.to_csv(tmp_path / "people.csv", index=False)
    ours = read_table(tmp_path / "people.parquet")
    text = read_table(tmp_path / "people.csv")
    columns = columns_of(ours)

    assert ours.names == text.names
    assert [column.decimals for column in columns[:2]] == [0, 3]
    assert [column.categories for column in columns[3:]] == [
        ("Bonn", "Ulm"),
        ("false", "true"),
    ]
    numbers = columns[:4]
    assert features_of(ours, numbers).equal(features_of(text, numbers))
    assert len(read_table(tmp_path / "people.parquet", limit=2)) == 2


def test_missing_values_are_refused_by_name(tmp_path: Path) -> None:
    table = pyarrow.table({"age": [31, None], "size": [float("nan"), 1.0]})
    write_table(table, tmp_path / "people.parquet")
    people = read_table(tmp_path / "people.parquet")

    for name in people.names:
        with pytest.raises(ValueError, match=f"column {name} must have a value in"):
            people.cells(name)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"age,size\n31,1.5\n"])
def test_what_is_no_parquet_file_is_told_in_a_line(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "people.parquet"
    path.write_bytes(content)

    with pytest.raises(ValueError, match="a table must be a Parquet file") as caught:
        read_table(path)

    assert "\n" not in str(caught.value)


def test_columns_that_no_cell_can_hold_are_told(tmp_path: Path) -> None:
    write_table(pyarrow.table({"age": [[31], [7]]}), tmp_path / "people.parquet")

    with pytest.raises(ValueError, match="a table must be a Parquet file"):
        read_table(tmp_path / "people.parquet")
