"""Which digits the benchmarks run on where no data sets are."""

from pathlib import Path

import pytest
import torch

from benchmarks.digits import official_digits, repeated, training_digits
from benchmarks.fours import fours


def test_the_digits_of_the_package_serve_where_there_are_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DIFFEO_DATA", raising=False)
    trained, held_out = training_digits()

    assert len(official_digits()) == 1000
    assert (len(trained), len(held_out)) == (800, 200)
    assert fours(256).shape == (256, 1, 28, 28)


def test_a_folder_that_is_named_and_holds_none_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIFFEO_DATA", str(tmp_path))

    with pytest.raises(FileNotFoundError, match="must hold MNIST's files"):
        official_digits()


def test_rows_that_run_out_begin_again() -> None:
    rows = torch.arange(3)

    assert repeated(rows, 7).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert repeated(rows, 2).tolist() == [0, 1]
