from pathlib import Path

import pytest
import torch

from diffeo.columns import Column
from diffeo.data.features import columns_of, features_of, table_of
from diffeo.data.table import Table, read_table

PEOPLE = """age,height,weight,sex,city
31,1.70,70.25,f,Ulm
7,1.2,22.5,m,Bonn
44,1.816,1e2,f,Ulm
"""


@pytest.fixture
def people(tmp_path: Path) -> Table:
    """A table as it is read from a file."""

    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)

    return read_table(path)


def test_numbers_are_in_their_own_units_and_categories_one_hot(people: Table) -> None:
    columns = columns_of(people)

    assert [column.decimals for column in columns[:3]] == [0, 3, 2]
    assert [column.categories for column in columns[3:]] == [
        ("f", "m"),
        ("Bonn", "Ulm"),
    ]
    assert features_of(people, columns).tolist() == [
        pytest.approx([31, 1.70, 70.25, 1, 0, 0, 1]),
        pytest.approx([7, 1.2, 22.5, 0, 1, 1, 0]),
        pytest.approx([44, 1.816, 100, 1, 0, 0, 1]),
    ]
    assert columns[0].mean == pytest.approx(82 / 3)
    assert (columns[0].low, columns[0].high) == (7, 44)


def test_what_has_not_changed_comes_back_as_it_was_written(people: Table) -> None:
    columns = columns_of(people)
    x = features_of(people, columns)

    assert table_of(x, columns, people) == people

    x[1, 0], x[2, 2] = 8.0, 99.5
    x[0, 5:] = torch.tensor([1.0, 0.0])

    assert table_of(x, columns, people).rows == (
        ("31", "1.70", "70.25", "f", "Bonn"),
        ("8", "1.2", "22.5", "m", "Bonn"),
        ("44", "1.816", "99.50", "f", "Ulm"),
    )


def test_a_changed_table_reads_as_the_same_rows_to_the_last_bit(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    x = 1e3 * torch.randn(50, 1, generator=generator)
    table = Table(("exact",), (("0.12345678901",),) * 50)
    columns = columns_of(table)
    table_of(x, columns, table).save(tmp_path / "again.csv")

    assert columns[0].decimals is None
    assert torch.equal(features_of(read_table(tmp_path / "again.csv"), columns), x)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (Column("income"), "must have a column income, got age"),
        (Column("city", ("Bonn",)), "city must be one of Bonn, got 'Ulm' in row 1"),
        (Column("sex"), "column sex must be a number, got 'f' in row 1"),
    ],
)
def test_rows_of_another_table_are_refused(
    people: Table, column: Column, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        features_of(people, [column])


def test_numbers_are_categories_where_that_is_said(people: Table) -> None:
    (column,) = columns_of(people.without(["height", "weight", "sex", "city"]), ["age"])

    assert column.categories == ("31", "44", "7")


def test_a_column_of_dates_is_refused_with_what_to_do() -> None:
    days = tuple(
        (f"2024-{month:02}-{day:02}",) for month in (1, 2) for day in range(1, 29)
    )
    words = "column born must .* '2024-01-01' among them; make a number of it .* date"

    with pytest.raises(ValueError, match=words):
        columns_of(Table(("born",), days))
