import csv
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from diffeo.counterfactuals import Counterfactuals, Outcome, Typicality
from diffeo.report.output_text import output_text
from diffeo.report.rows import choose_rows, describe_rows, write_table
from mirrored import asked, record_of, synthetic


@pytest.fixture(scope="module")
def record() -> Counterfactuals:
    mirrored = record_of(synthetic(3, (1, 8, 8), noise=0.1))

    return replace(
        mirrored,
        typical=torch.tensor(
            [Typicality.TYPICAL, Typicality.UNTYPICAL, Typicality.UNKNOWN]
        ).long(),
        outcome=torch.tensor(
            [Outcome.REACHED, Outcome.REACHED, Outcome.EXHAUSTED]
        ).long(),
        names=("a.png", "b,c.png", "=d.png"),
    )


def table_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_typicality_is_yes_no_or_unknown(record: Counterfactuals) -> None:
    rows = describe_rows(record, output_text(record))

    assert [row["typical"] for row in rows] == ["yes", "no", "unknown"]
    assert [bool(row["doubts"]) for row in rows] == [False, True, True]


def test_a_row_that_is_not_decoded_from_its_coordinates_is_marked(
    record: Counterfactuals, tmp_path: Path
) -> None:
    again = record.reconstruction.clone()
    again[0, 0, 3, 3] += 0.25
    lossy = replace(record, reconstruction=again)
    write_table(lossy, tmp_path / "summary.csv")
    lines = table_of(tmp_path / "summary.csv")
    (doubt,) = describe_rows(lossy, output_text(lossy))[0]["doubts"]

    assert [line["encoding"] for line in lines] == ["approximate", "exact", "exact"]
    assert float(lines[0]["round_trip"]) == pytest.approx(0.25, rel=1e-5)
    assert "only within 0.25" in doubt
    assert "; 1 only approximately encoded" in repr(lossy)
    assert "encoded" not in repr(record)


def test_a_row_that_failed_says_why_and_how_near_it_came(
    record: Counterfactuals,
) -> None:
    (doubt,) = describe_rows(record, output_text(record))[2]["doubts"]

    assert doubt.startswith("It ran out of steps; its best point has confidence 0.9975")


def test_a_row_is_called_by_its_name_or_its_number(record: Counterfactuals) -> None:
    nameless = replace(record, names=())

    assert describe_rows(record, output_text(record))[1]["label"] == "b,c.png"
    assert describe_rows(nameless, output_text(nameless))[1]["label"] == "No. 1"


def test_the_table_has_a_line_for_each_row(
    record: Counterfactuals, tmp_path: Path
) -> None:
    write_table(record, tmp_path / "summary.csv", ("cat", "dog"))
    lines = table_of(tmp_path / "summary.csv")

    assert [line["name"] for line in lines] == list(record.names)
    assert [line["typical"] for line in lines] == ["yes", "no", "unknown"]
    assert lines[2] == {
        "row": "2",
        "name": "=d.png",
        "target": "dog",
        "answer_before": "cat",
        "answer_after": "dog",
        "outcome": "exhausted",
        "steps": "10",
        "confidence_before": "0.0179862",
        "confidence_after": "0.997527",
        "distance": f"{record.distance[2].item():.6g}",
        "latent_distance": f"{record.latent_distance[2].item():.6g}",
        "typical": "unknown",
        "encoding": "exact",
        "round_trip": "0",
        "seconds": "1",
    }
    assert list(tmp_path.iterdir()) == [tmp_path / "summary.csv"]


def test_the_table_of_a_regressor_has_values(
    record: Counterfactuals, tmp_path: Path
) -> None:
    interval = {"name": "Between", "low": 3.5, "high": None}
    values = replace(
        asked(record, interval),
        outputs_before=torch.zeros(3, 1),
        outputs_after=torch.full((3, 1), 3.6),
    )
    write_table(values, tmp_path / "summary.csv")
    line = table_of(tmp_path / "summary.csv")[0]

    assert (line["value_before"], line["value_after"]) == ("0", "3.6")
    assert line["target"] == "at least 3.5"


@pytest.mark.parametrize(
    ("bad", "good", "limit", "wanted_bad", "wanted_good"),
    [
        (0, 5, 10, 0, 5),
        (3, 100, 20, 3, 17),
        (100, 100, 20, 10, 10),
        (100, 4, 20, 16, 4),
        (100, 0, 20, 20, 0),
        (0, 0, 20, 0, 0),
        (1, 1, 1, 0, 1),
    ],
)
def test_shown_rows_are_doubtful_ones_first_and_then_spread(
    bad: int, good: int, limit: int, wanted_bad: int, wanted_good: int
) -> None:
    doubts = [True] * bad + [False] * good
    chosen = choose_rows(doubts, limit)

    assert chosen == sorted(set(chosen))
    assert sum(doubts[row] for row in chosen) == wanted_bad
    assert len(chosen) == wanted_bad + wanted_good


def test_shown_rows_are_spread_evenly() -> None:
    chosen = torch.tensor(choose_rows([False] * 1000, 100))

    assert chosen[0] == 0
    assert (chosen.diff() == 10).all()


def test_the_table_ends_with_what_was_stated(
    record: Counterfactuals, tmp_path: Path
) -> None:
    angle = torch.tensor([1.5, 2.0, torch.nan])
    write_table(replace(record, statements={"angle": angle}), tmp_path / "summary.csv")
    lines = table_of(tmp_path / "summary.csv")

    assert [line["angle"] for line in lines] == ["1.5", "2", "nan"]
    assert list(lines[0])[-1] == "angle"
