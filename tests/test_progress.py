import pytest

from diffeo.progress import track, watch


def test_a_search_counts_the_rows_of_all_its_batches(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with watch("Searching", 5, shown=True) as bar:
        bar.close_batch(3, 2)
        bar.show(2, 1)

    shown = capsys.readouterr().err

    assert "Searching" in shown
    assert "5/5" in shown
    assert "3 reached" in shown


def test_what_is_being_done_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with watch("Judging", 2, shown=True) as bar:
        bar.begin("Training an oracle")
        bar.begin("Measuring distances")
        bar.describe("Writing the table")

    shown = capsys.readouterr().err

    assert "Writing the table" in shown
    assert "2/2" in shown


def test_items_are_given_in_their_order_and_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert list(track([4, 5, 6], "Drawing", shown=True)) == [4, 5, 6]
    assert "3/3" in capsys.readouterr().err


def test_work_that_stops_early_shows_what_was_finished(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for item in track([4, 5, 6], "Drawing", shown=True):
        if item == 5:
            break

    assert "1/3" in capsys.readouterr().err


def test_nothing_is_shown_where_nothing_is_wanted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    list(track([1, 2], "Drawing", shown=False))

    assert capsys.readouterr() == ("", "")
