from pathlib import Path

import pytest

from diffeo.workflows.folders import check_output, drafted


def test_drawings_are_whole_or_not_there(tmp_path: Path) -> None:
    place = tmp_path / "out"

    def interrupted() -> None:
        with drafted(place) as draft:
            (draft / "half").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()

    assert list(tmp_path.iterdir()) == []

    with drafted(place) as draft:
        (draft / "inner").mkdir()
        (draft / "inner/whole").write_text("new")

    assert (place / "inner/whole").read_text() == "new"
    assert [path.name for path in place.iterdir()] == ["inner"]


def test_a_folder_that_is_drawn_again_keeps_nothing_old(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/old.png").write_text("old")
    (tmp_path / "record").write_text("kept")

    with drafted(tmp_path) as draft:
        (draft / "images").mkdir()
        (draft / "images/new.png").write_text("new")

    assert [path.name for path in (tmp_path / "images").iterdir()] == ["new.png"]
    assert (tmp_path / "record").read_text() == "kept"


def test_what_a_killed_process_left_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "drawing.part").mkdir()
    (tmp_path / "drawing.part/report.html").write_text("half")

    with drafted(tmp_path) as draft:
        assert list(draft.iterdir()) == []

    assert not (tmp_path / "drawing.part").exists()


def test_an_output_folder_must_be_new_or_empty(tmp_path: Path) -> None:
    check_output(tmp_path, overwrite=False)
    check_output(tmp_path / "new", overwrite=False)
    (tmp_path / "file").write_text("a file")

    with pytest.raises(FileExistsError, match="--overwrite"):
        check_output(tmp_path, overwrite=False)

    check_output(tmp_path, overwrite=True)

    with pytest.raises(NotADirectoryError, match="file is a file"):
        check_output(tmp_path / "file/out", overwrite=True)


def test_a_place_where_nothing_may_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)

    with pytest.raises(PermissionError, match=f"new, where {tmp_path} is not"):
        check_output(tmp_path / "new", overwrite=True)
