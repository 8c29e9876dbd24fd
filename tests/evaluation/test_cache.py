from pathlib import Path

import pytest
import torch
from torch import nn

from diffeo.evaluation.cache import Cache, content_key

DATA = [torch.arange(6.0)]
SETTINGS = {"rate": 0.1, "name": "a"}


def untrained() -> nn.Module:
    return nn.Linear(2, 2)


def train(model: nn.Module) -> None:
    with torch.no_grad():
        for value in model.parameters():
            value.fill_(3.0)


def fail(model: nn.Module) -> None:
    raise RuntimeError(f"trained {type(model).__name__} again")


def test_what_was_trained_is_not_trained_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "new")
    first = cache.trained(untrained(), train, data=DATA, settings=SETTINGS)
    again = cache.trained(untrained(), fail, data=DATA, settings=SETTINGS)

    assert all((value == 3).all() for value in again.state_dict().values())
    assert not first.training
    assert not any(value.requires_grad for value in again.parameters())


@pytest.mark.parametrize(
    ("data", "settings"),
    [
        ([torch.arange(6.0) + 1e-7], SETTINGS),
        ([torch.arange(6.0).reshape(2, 3)], SETTINGS),
        ([torch.arange(6.0).double()], SETTINGS),
        (DATA, {"rate": 0.2, "name": "a"}),
        (DATA, {"rate": 0.1}),
    ],
)
def test_other_content_has_another_key(
    data: list[torch.Tensor], settings: dict[str, float | str]
) -> None:
    assert content_key(data, settings) != content_key(DATA, SETTINGS)


def test_the_order_of_settings_does_not_count() -> None:
    turned = dict(reversed(SETTINGS.items()))

    assert content_key(DATA, turned) == content_key(DATA, SETTINGS)


def test_an_interrupted_training_leaves_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    with pytest.raises(RuntimeError, match="trained Linear again"):
        cache.trained(untrained(), fail, data=DATA, settings=SETTINGS)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [0, 5, 100])
def test_a_damaged_file_is_replaced(tmp_path: Path, length: int) -> None:
    cache = Cache(tmp_path)
    cache.trained(untrained(), train, data=DATA, settings=SETTINGS)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:length])
    cache.trained(untrained(), train, data=DATA, settings=SETTINGS)

    assert file.read_bytes() == whole


def test_the_usual_folder_is_a_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIFFEO_CACHE", str(tmp_path))
    assert Cache.usual().folder == tmp_path

    monkeypatch.delenv("DIFFEO_CACHE")
    assert Cache.usual().folder == Path.home() / ".cache" / "diffeo"
