import pytest
import torch
from typer.testing import CliRunner

from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.flow import as_flow
from reproduction.__main__ import app
from reproduction.paper_glow import paper_glow


@pytest.mark.parametrize(
    ("channels", "side", "millions"), [(3, 64, 61), (1, 128, 43.5)]
)
def test_the_papers_flow_has_its_size_and_shapes(
    channels: int, side: int, millions: float
) -> None:
    flow = as_flow(paper_glow(channels, side).build())
    parameters = sum(value.numel() for value in flow.parameters())

    assert flow.shape == (channels, side, side)
    assert parameters / 1e6 == pytest.approx(millions, rel=0.03)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_papers_flow_brings_small_images_back(channels: int) -> None:
    flow = as_flow(paper_glow(channels, 16).build())

    with torch.no_grad():
        x = torch.rand(4, channels, 16, 16)
        initialize(flow, x)
        z = flow.encode(x)
        again = flow.decode(z)

    assert z.shape == (4, channels * 16**2)
    assert torch.allclose(again, x, atol=1e-3)


def test_a_training_without_such_a_size_says_so() -> None:
    found = CliRunner().invoke(app, ["train", "helix-flow", "--size", "paper"])

    assert found.exit_code == 2
    assert "size must be small for helix-flow" in found.output.replace("\n", " ")
