from pathlib import Path

import pytest
import torch

from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.workflows.report import find_places, read_records
from records import record


def test_only_images_are_held_in_bounds() -> None:
    images, table = torch.rand(2, 1, 2, 2), torch.randn(2, 4)
    records = {
        "images": record(images, images.clone()),
        "table": record(table, table.clone()),
    }
    places = find_places(records, ["data", "data"])

    assert isinstance(places["images"], Bounded)
    assert isinstance(places["table"], Identity)


def test_records_are_named_after_their_files_or_folders(tmp_path: Path) -> None:
    x = torch.rand(2, 4)
    paths = [tmp_path / name for name in ("a/one.safetensors", "b/one.safetensors")]

    for path in paths:
        record(x, x.clone()).save(path)

    assert list(read_records(paths[:1])) == ["one"]
    assert list(read_records(paths)) == [
        str(tmp_path / "a/one"),
        str(tmp_path / "b/one"),
    ]

    with pytest.raises(ValueError, match="different files"):
        read_records([paths[0], paths[0]])
