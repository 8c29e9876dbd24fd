import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from diffeo.files import write_atomically


def test_a_file_is_written_whole_and_replaces_an_old_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "note.txt"

    write_atomically(path, lambda draft: draft.write_text("first"))
    write_atomically(path, lambda draft: draft.write_text("second"))

    assert path.read_text() == "second"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("old")

    def fail(draft: Path) -> None:
        draft.write_text("half")

        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, fail)

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "note.txt.part"
    left.mkdir()
    (left / ".tmpABC").write_text("half")
    write_atomically(tmp_path / "note.txt", lambda draft: draft.write_text("whole"))

    assert [file.name for file in tmp_path.iterdir()] == ["note.txt"]


@pytest.mark.parametrize(("umask", "expected"), [(0o022, 0o644), (0o077, 0o600)])
def test_others_may_read_the_file_where_the_process_lets_them(
    umask: int, expected: int, tmp_path: Path
) -> None:
    path = tmp_path / "x.safetensors"
    before = os.umask(umask)

    try:
        write_atomically(path, lambda draft: save_file({"x": torch.ones(2)}, draft))
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == expected
