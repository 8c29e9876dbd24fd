"""Generators of other libraries by `--coordinates file.py:function`."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from command_line import flags, run
from diffeo.counterfactuals import Counterfactuals
from diffeo.models.seeded import seeded
from diffeo.workflows.loading import find_coordinates

SHAPE = (1, 28, 28)
MINE = """
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import nn

from diffeo.coordinates.adapters import from_diffusers, from_normflows

torch.manual_seed(0)

def model():
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 1)).eval()
    nn.init.constant_(model[1].weight, 0.01)
    nn.init.zeros_(model[1].bias)
    return model

def onnx_decoder():
    import onnx2fx
    decoder = onnx2fx.convert(str(Path(__file__).with_name("decoder.onnx"))).eval()
    decoder.latent = 3
    return decoder

def normflows_flow():
    import normflows
    mask = torch.arange(784) % 2
    parts = [
        normflows.flows.MaskedAffineFlow(
            bits.float(), *(normflows.nets.MLP([784, 8, 784]) for _ in range(2))
        )
        for bits in (mask, 1 - mask)
    ]
    base = normflows.distributions.DiagGaussian(784, trainable=False)
    flat = normflows.NormalizingFlow(base, parts).eval()
    return from_normflows(Flat(flat).eval(), (1, 28, 28))

class Flat(nn.Module):
    def __init__(self, flow):
        super().__init__()
        self.flow, self.q0 = flow, flow.q0

    def inverse_and_log_det(self, x):
        return self.flow.inverse_and_log_det(x.flatten(1))

    def forward_and_log_det(self, z):
        return self.flow.forward_and_log_det(z)

class KL(nn.Module):
    config = {"scaling_factor": 0.5}

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(1, 4, 4, stride=4)
        self.up = nn.ConvTranspose2d(2, 1, 4, stride=4)
        nn.init.uniform_(self.up.weight, 0, 1)

    def encode(self, x):
        mean, _ = self.down(x).chunk(2, dim=1)
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: mean))

    def decode(self, z):
        return SimpleNamespace(sample=self.up(z))

def diffusers_autoencoder():
    return from_diffusers(KL().eval(), (1, 28, 28))
"""


def write_decoder(path: Path) -> nn.Module:
    """Write a small convolutional decoder as an ONNX file, and return it."""

    with seeded(0):
        decoder = nn.Sequential(
            nn.Linear(3, 4 * 7 * 7),
            nn.Unflatten(1, (4, 7, 7)),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(4, 2, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(2, 1, 4, stride=2, padding=1),
            nn.Sigmoid(),
        ).eval()

    with torch.no_grad():
        for weight in decoder.parameters():
            weight.mul_(3)  # so that latents make a difference

    torch.onnx.export(
        decoder,
        (torch.zeros(2, 3),),
        path,
        input_names=["z"],
        output_names=["x"],
        dynamic_axes={"z": {0: "n"}, "x": {0: "n"}},
        dynamo=False,
    )

    return decoder


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A Python file whose functions return generators of other libraries."""

    path = tmp_path / "mine.py"
    path.write_text(MINE)

    return path


def explained(
    mine: Path, name: str, least: float, monkeypatch: pytest.MonkeyPatch
) -> Tensor:
    """Explain two digits, and return what its coordinates decode the latents to."""

    monkeypatch.setattr(
        "diffeo.workflows.explain.images.draw_explanation", lambda *_: None
    )
    out = mine.with_name("out")
    options = {
        "coordinates": f"{mine}:{name}",
        "model": f"{mine}:model",
        "data": "digits",
        "limit": 2,
        "at_least": least,
        "out": out,
    }
    ended = run("explain", *flags(**options, quiet=True))
    assert ended.code == 0, ended.stderr

    record = Counterfactuals.load(out / "record.safetensors")
    place = find_coordinates(f"{mine}:{name}", SHAPE)
    decoded = place.decode(record.latent).detach()

    assert record.reached.all()
    assert (record.steps > 0).all()
    torch.testing.assert_close(record.counterfactual, decoded.clamp(0, 1))

    return decoded


@pytest.mark.parametrize(
    ("name", "package", "least"),
    [("normflows_flow", "normflows", 4.0), ("diffusers_autoencoder", "torch", 6.0)],
)
def test_what_an_adapter_returns_is_searched(
    name: str, package: str, least: float, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(package, reason=f"{package} is not installed")

    assert explained(mine, name, least, monkeypatch).shape == (2, *SHAPE)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_convolutional_decoder_of_an_onnx_file_is_inverted(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx2fx", reason="onnx2fx is not installed")
    pytest.importorskip("onnx", reason="onnx is not installed")
    decoder = write_decoder(mine.with_name("decoder.onnx"))
    explained(mine, "onnx_decoder", 3.2, monkeypatch)
    place, z = find_coordinates(f"{mine}:onnx_decoder", SHAPE), torch.randn(3, 3)

    torch.testing.assert_close(place.decode(z), decoder(z))
