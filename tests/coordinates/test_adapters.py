"""Flows and autoencoders of other libraries: the laws of coordinates, and densities."""

import math
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from diffeo import AtLeast, explain
from diffeo.coordinates.adapters import (
    ForeignFlow,
    from_diffusers,
    from_freia,
    from_nflows,
    from_normflows,
)
from diffeo.coordinates.inversion import InvertedGenerator
from diffeo.coordinates.protocol import is_exact
from diffeo.geometry.products import jacobian
from diffeo.models.seeded import seeded
from laws import SHAPE, disturb, images


def normflows_vectors() -> ForeignFlow:
    library = pytest.importorskip("normflows", reason="normflows is not installed")
    mask = torch.arange(16) % 2
    parts = [
        library.flows.MaskedAffineFlow(
            bits.double(), *(library.nets.MLP([16, 8, 16]) for _ in range(2))
        )
        for bits in (mask, 1 - mask)
    ]

    model = library.NormalizingFlow(
        library.distributions.DiagGaussian(16, trainable=False), parts
    )

    return ready(model, (16,), from_normflows)


def normflows_images() -> ForeignFlow:
    library = pytest.importorskip("normflows", reason="normflows is not installed")
    flows = [
        [library.flows.GlowBlock(channels, 4), library.flows.Squeeze()]
        for channels in (8, 4)
    ]
    bases = [
        library.distributions.DiagGaussian(size, trainable=False)
        for size in ((8, 1, 1), (2, 2, 2))
    ]
    merges = [library.flows.Merge()]
    model = library.MultiscaleFlow(bases, flows, merges, class_cond=False)
    model.inverse_and_log_det(images(64).float())  # the first batch scales some layers
    disturb(model)

    return ready(model, SHAPE, from_normflows)


def freia() -> ForeignFlow:
    library = pytest.importorskip("FrEIA.framework", reason="FrEIA is not installed")
    modules = pytest.importorskip("FrEIA.modules")

    def network(inputs: int, outputs: int) -> nn.Module:
        return nn.Sequential(nn.Linear(inputs, 8), nn.Tanh(), nn.Linear(8, outputs))

    model = library.SequenceINN(16)

    for _ in range(2):
        model.append(modules.AllInOneBlock, subnet_constructor=network)

    return ready(model, (16,), from_freia)


def nflows() -> ForeignFlow:
    base = pytest.importorskip("nflows.distributions", reason="nflows is not installed")
    flows = pytest.importorskip("nflows.flows")
    transforms = pytest.importorskip("nflows.transforms")
    parts = [
        transforms.MaskedAffineAutoregressiveTransform(features=16, hidden_features=8),
        transforms.ReversePermutation(features=16),
    ]
    model = flows.Flow(transforms.CompositeTransform(parts), base.StandardNormal([16]))

    return ready(model, (16,), from_nflows)


def ready(
    model: nn.Module, shape: tuple[int, ...], adapt: Callable[..., ForeignFlow]
) -> ForeignFlow:
    return adapt(model.double().eval(), shape)


pytestmark = pytest.mark.filterwarnings("ignore:torch.lu is deprecated:UserWarning")
FLOWS = {
    "normflows, vectors": normflows_vectors,
    "normflows, images": normflows_images,
    "FrEIA": freia,
    "nflows": nflows,
}


@pytest.fixture(params=FLOWS, scope="module")
def flow(request: pytest.FixtureRequest) -> ForeignFlow:
    with seeded(0):
        return FLOWS[request.param]()


def data(flow: ForeignFlow, rows: int = 3) -> Tensor:
    return images(rows).reshape(rows, *flow.shape)


def test_nothing_is_lost(flow: ForeignFlow) -> None:
    x = data(flow)
    z = flow.encode(x)

    assert z.shape == (3, 16)
    assert (z.reshape(x.shape) - x).abs().max() > 0.01
    assert is_exact(flow)
    torch.testing.assert_close(flow.decode(z), x, rtol=0, atol=1e-6)
    torch.testing.assert_close(flow.encode(x[1:2]), z[1:2], rtol=0, atol=1e-9)


def test_the_density_agrees_with_the_jacobian(flow: ForeignFlow) -> None:
    x = data(flow)
    z = flow.encode(x).detach()
    logdet = torch.linalg.slogdet(jacobian(flow.decode, z)).logabsdet
    prior = -(z.square().sum(1) + 16 * math.log(2 * math.pi)) / 2

    torch.testing.assert_close(flow.log_prob(x), prior - logdet, rtol=0, atol=1e-4)


def test_searches_run_there(flow: ForeignFlow) -> None:
    x = data(flow)
    goal = AtLeast(x.flatten(1).sum(1).max().item() + 0.3)
    record = explain(x, lambda x: x.flatten(1).sum(1), flow, objective=goal)

    assert record.reached.all()


class KL(nn.Module):
    """What diffusers calls an AutoencoderKL, in small."""

    config: dict[str, object]

    def __init__(self, **settings: object) -> None:
        super().__init__()
        self.config = settings
        self.down = nn.Conv2d(1, 4, 2, stride=2)
        self.up = nn.ConvTranspose2d(2, 1, 2, stride=2)

    def encode(self, x: Tensor) -> SimpleNamespace:
        mean, _ = self.down(x).chunk(2, dim=1)

        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: mean))

    def decode(self, z: Tensor) -> SimpleNamespace:
        return SimpleNamespace(sample=self.up(z))


@pytest.mark.parametrize("shift", [None, 0.3])
def test_latents_of_diffusers_are_scaled_and_images_in_the_unit_range(
    shift: float | None,
) -> None:
    model = KL(scaling_factor=0.2, shift_factor=shift).double().eval()
    place, x = from_diffusers(model, SHAPE), images(3)
    mean = model.encode(2 * x - 1).latent_dist.mode()
    z = place.encode(x)

    assert z.shape == (3, 8)
    assert not place.training
    assert not is_exact(place)
    torch.testing.assert_close(z, 0.2 * (mean - (shift or 0)).flatten(1))
    torch.testing.assert_close(place.decode(z), (model.decode(mean).sample + 1) / 2)


def test_the_real_package_fits_too() -> None:
    diffusers = pytest.importorskip("diffusers", reason="diffusers is not installed")

    with seeded(0):
        model = diffusers.AutoencoderKL(
            block_out_channels=(8,), norm_num_groups=2, latent_channels=2
        )

    place = from_diffusers(model.eval(), (3, 8, 8))
    x = images(2, (3, 8, 8)).float()
    record = explain(
        x, lambda x: x.flatten(1).mean(1), place, objective=AtLeast(x.mean().item())
    )

    assert record.reconstruction.shape == x.shape
    assert is_exact(place) is False


def test_a_decoder_converted_from_onnx_is_inverted() -> None:
    onnx2fx = pytest.importorskip("onnx2fx", reason="onnx2fx is not installed")
    onnx = pytest.importorskip("onnx")
    x, z = (
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", size])
        for name, size in (("x", 4), ("z", 3))
    )
    weights = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    nodes = [
        onnx.helper.make_node("MatMul", ["z", "w"], ["hidden"]),
        onnx.helper.make_node("Sigmoid", ["hidden"], ["x"]),
    ]
    kept = [onnx.numpy_helper.from_array(weights.numpy(), "w")]
    graph = onnx.helper.make_graph(nodes, "decoder", [z], [x], kept)
    opset = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(graph, opset_imports=opset)
    place = InvertedGenerator(onnx2fx.convert(model).eval(), 3, (4,))
    points = torch.tensor([[0.5, -1.0, 0.2]])

    torch.testing.assert_close(place.decode(points), torch.sigmoid(points @ weights))
    assert place.invert(place.decode(points)).error < 0.01


def test_noise_of_another_size_is_refused() -> None:
    class Shrinking(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x[:, :3], torch.zeros(len(x))

    with pytest.raises(ValueError, match="must have 4 numbers, as a datum"):
        from_freia(Shrinking(), (4,))
