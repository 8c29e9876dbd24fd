import json
from pathlib import Path

import pytest

from command_line import flags, run
from diffeo.counterfactuals import Counterfactuals

GENERATOR = """
import torch

class Shades(torch.nn.Module):
    latent = 2

    def forward(self, z):
        ramp = torch.linspace(-1, 1, 28, device=z.device)
        tilt = z[:, 0, None, None] + z[:, 1, None, None] * ramp
        return tilt.sigmoid()[:, None].expand(-1, 1, 28, 28)

def shades():
    return Shades().eval()

class Tilt(torch.nn.Module):  # a rough inverse of Shades
    def forward(self, x):
        ramp = torch.linspace(-1, 1, 28, device=x.device)
        tilt = x.clamp(0.05, 0.95).logit()
        slope = (tilt * ramp).mean((1, 2, 3)) / ramp.square().mean()
        return torch.stack((tilt.mean((1, 2, 3)), slope), dim=1)

def encoded():
    generator = shades()
    generator.encoder = Tilt().eval()
    generator.features = lambda x: x.mean(2)
    return generator

def model():
    layers = torch.nn.Flatten(), torch.nn.Linear(784, 1)
    model = torch.nn.Sequential(*layers).eval()
    torch.nn.init.constant_(model[1].weight, 0.01)
    return model
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A Python file with a bare generator and a model."""

    path = tmp_path / "mine.py"
    path.write_text(GENERATOR)

    return path


def test_a_flow_is_examined_and_drawn(tmp_path: Path) -> None:
    out = tmp_path / "check"
    options = {"coordinates": "mnist-flow", "data": "digits", "limit": 4, "out": out}
    ended = run("check", *flags(**options, quiet=True))

    assert ended.code == 0, ended.stderr
    assert "less than half a gray level of 255 is lost" in ended.stdout
    assert "these data come back" in ended.stdout
    assert "decode lets gradients through" in ended.stdout
    assert sorted(path.name for path in out.iterdir()) == ["samples.png", "worst.png"]
    assert run("check", *flags(**options)).code == 2


def test_a_generator_without_an_inverse_is_examined_too(
    tmp_path: Path, mine: Path
) -> None:
    options = {
        "coordinates": f"{mine}:shades",
        "data": "digits",
        "limit": 2,
        "inversion": "pixels",
        "out": tmp_path / "check",
    }
    ended = run("check", *flags(**options, quiet=True))

    assert ended.code == 0, ended.stderr
    assert "look at the reconstructions" in ended.stdout
    assert "approximate" in ended.stdout
    assert "Inverting" not in ended.stderr
    assert "Inverting" in run("check", *flags(**options, overwrite=True)).stderr


@pytest.mark.parametrize("how", ["encoder", "features"])
def test_a_generator_brings_what_inverts_it(
    tmp_path: Path, mine: Path, how: str
) -> None:
    options = {
        "coordinates": f"{mine}:encoded",
        "data": "digits",
        "limit": 2,
        "inversion": how,
        "out": tmp_path / "check",
    }
    ended = run("check", *flags(**options, quiet=True))

    assert ended.code == 0, ended.stderr
    assert "look at the reconstructions" in ended.stdout


def test_counterfactuals_of_a_generator_tell_how_it_was_inverted(
    tmp_path: Path, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "diffeo.workflows.explain.images.draw_explanation", lambda *_: None
    )
    options = {
        "coordinates": f"{mine}:shades",
        "model": f"{mine}:model",
        "data": "digits",
        "limit": 2,
        "at_least": 4.0,
        "inversion": "pixels",
        "out": tmp_path / "out",
    }
    ended = run("explain", *flags(**options, quiet=True))
    record = Counterfactuals.load(tmp_path / "out/record.safetensors")
    request = json.loads((tmp_path / "out/request.json").read_text())

    assert ended.code == 0, ended.stderr
    assert record.reached.all()
    assert record.settings["inversion"] == "pixels"
    assert request["inversion"] == "pixels"

    wrong = run(
        "explain", *flags(**{**options, "inversion": "encoder"}, overwrite=True)
    )
    assert wrong.code == 2
    assert "inversion by encoder needs" in wrong.stderr
