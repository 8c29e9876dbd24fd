from pathlib import Path

import pytest

from diffeo.data.features import columns_of
from diffeo.data.table import Table, read_table


def test_other_separators_a_byte_order_mark_and_spaces_are_read(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("\ufeffage; name\n31 ;a,b\n\n", encoding="utf-8")

    assert read_table(path) == Table(("age", "name"), (("31", "a,b"),))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("age\n", "rows below its names"),
        ("", "must have rows below its names, got none"),
        ("age,age\n1,2\n", "different names"),
        ("age,sex\n1\n", "row 1 must have a cell for each of 2 columns, got 1"),
        ("age\n1\nNaN\n", "column age must have a value in each row, got 'NaN' in row"),
        ("age,sex\n,f\n", "got '' in row 1"),
        ("age\n" + "".join(f"{n}a\n" for n in range(51)), "at most 50 categories"),
    ],
)
def test_what_is_no_table_is_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text)

    with pytest.raises(ValueError, match=words):
        columns_of(read_table(path))


def test_a_column_with_missing_cells_may_be_left_out() -> None:
    table = Table(("age", "name"), (("31", ""), ("7", "?")))

    assert table.without(["name"]) == Table(("age",), (("31",), ("7",)))

    with pytest.raises(ValueError, match="must have a column nam, got age, name"):
        table.without(["nam"])

    with pytest.raises(ValueError, match="a column must be left"):
        table.without(["age", "name"])


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("größe\n1\n".encode("latin-1"))

    with pytest.raises(ValueError, match="must be a CSV file"):
        read_table(tmp_path / "latin.csv")

    with pytest.raises(FileNotFoundError, match="must be a CSV file"):
        read_table(tmp_path / "none.csv")
