from pathlib import Path

import pytest

from diffeo.workflows.folders import output_folder


def test_an_output_folder_is_whole_or_not_there(tmp_path: Path) -> None:
    place = tmp_path / "out"

    def interrupted() -> None:
        with output_folder(place, overwrite=False) as folder:
            (folder / "half").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()

    assert list(tmp_path.iterdir()) == []

    with output_folder(place, overwrite=False) as folder:
        (folder / "inner").mkdir()
        (folder / "inner/whole").write_text("new")

    assert (place / "inner/whole").read_text() == "new"


def test_an_existing_folder_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "whole").write_text("old")
    (tmp_path / "other").write_text("other")

    with (
        pytest.raises(FileExistsError, match="--overwrite"),
        output_folder(tmp_path, overwrite=False),
    ):
        pass

    with output_folder(tmp_path, overwrite=True) as folder:
        (folder / "whole").write_text("new")

    assert (tmp_path / "whole").read_text() == "new"
    assert (tmp_path / "other").read_text() == "other"
