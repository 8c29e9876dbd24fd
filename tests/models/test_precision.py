"""On which processors low precision pays, as torch of any version tells it."""

import pytest
import torch

from diffeo.models.precision import low_precision_dtype

CPU = torch.device("cpu")


def able(monkeypatch: pytest.MonkeyPatch, units: dict[str, bool]) -> None:
    """Let torch tell these units of the processor, also if it is too old to tell."""

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: units, raising=False)


@pytest.mark.parametrize("unit", ["avx512_bf16", "amx_bf16"])
def test_units_are_read_off_the_capabilities(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    able(monkeypatch, {unit: True})
    assert low_precision_dtype(CPU) == torch.bfloat16

    able(monkeypatch, {"avx2": True})
    assert low_precision_dtype(CPU) == torch.float32


@pytest.mark.parametrize(
    "probe", ["_is_avx512_bf16_supported", "_is_amx_tile_supported"]
)
def test_older_versions_are_asked_unit_by_unit(
    probe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)

    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda name=name: name == probe)

    assert low_precision_dtype(CPU) == torch.bfloat16


def test_versions_that_cannot_tell_keep_float32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (
        "get_capabilities",
        "_is_avx512_bf16_supported",
        "_is_amx_tile_supported",
    ):
        monkeypatch.delattr(torch.cpu, name, raising=False)

    assert low_precision_dtype(CPU) == torch.float32


def test_other_devices_keep_float32() -> None:
    assert low_precision_dtype(torch.device("meta")) == torch.float32
