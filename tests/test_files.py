import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from diffeo.files import write_atomically
from diffeo.interrupts import terminable


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_waits_until_the_file_is_there(
    number: signal.Signals, tmp_path: Path
) -> None:
    path = tmp_path / "note.txt"

    def write(draft: Path) -> None:
        with suppress(KeyboardInterrupt):  # as code written in C may
            signal.raise_signal(number)

        draft.write_text("whole")

    with terminable() as exit_code:
        with pytest.raises(KeyboardInterrupt):
            write_atomically(path, write)

        assert exit_code() == 128 + number

    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_of_a_failed_writing_tells_of_both(tmp_path: Path) -> None:
    def fail(draft: Path) -> None:
        signal.raise_signal(signal.SIGINT)

        raise OSError(draft.name)

    with pytest.raises(KeyboardInterrupt) as told:
        write_atomically(tmp_path / "note.txt", fail)

    assert isinstance(told.value.__context__, OSError)
    assert not any(tmp_path.iterdir())


def test_other_threads_write_without_signals(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"

    with ThreadPoolExecutor() as pool:
        pool.submit(write_atomically, path, lambda draft: draft.touch()).result()

    assert path.exists()


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
