import pytest
import torch
import zuko

from diffeo.coordinates.zuko import ZukoFlow
from diffeo.models.affine_spline import affine_spline
from diffeo.models.perceptron import perceptron
from diffeo.models.seeded import seeded
from diffeo.objectives import TargetClass
from diffeo.search import search
from laws import disturb
from unchecked import unchecked_calls

FEATURES = 4


def flows() -> dict[str, ZukoFlow]:
    small = {"transforms": 2, "hidden_features": (8,)}

    with seeded(0):
        kinds = {
            "spline": zuko.flows.NSF(FEATURES, bins=4, **small),
            "spline coupling": zuko.flows.NSF(FEATURES, bins=4, passes=2, **small),
            "affine": zuko.flows.MAF(FEATURES, **small),
            "additive coupling": zuko.flows.NICE(FEATURES, **small),
            "affine coupling": zuko.flows.RealNVP(FEATURES, **small),
            "affine and spline": affine_spline(range(FEATURES), bins=4, hidden=(8,)),
            "alternating": affine_spline(
                range(FEATURES), alternate=True, bins=4, hidden=(8,)
            ),
        }

    wrapped = {name: ZukoFlow(flow, (2, 2)) for name, flow in kinds.items()}

    for flow in wrapped.values():
        disturb(flow).double().eval().requires_grad_(requires_grad=False)

    return wrapped


FLOWS = flows()
EACH = pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS.keys())


def data(rows: int = 5) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)

    return torch.randn(rows, 2, 2, generator=generator, dtype=torch.float64)


@EACH
def test_decode_undoes_encode(flow: ZukoFlow) -> None:
    x = data()

    torch.testing.assert_close(flow.decode(flow.encode(x)), x, rtol=1e-7, atol=1e-7)


@EACH
def test_the_density_counts_the_log_determinant(flow: ZukoFlow) -> None:
    x = data()
    z = flow.encode(x)
    normal = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1)
    logdet = torch.stack(
        [
            torch.autograd.functional.jacobian(lambda x: flow.encode(x[None])[0], row)
            .flatten(1)
            .slogdet()
            .logabsdet
            for row in x
        ]
    )

    torch.testing.assert_close(flow.log_prob(x), normal + logdet)
    torch.testing.assert_close(flow(x), flow.log_prob(x))


@EACH
def test_rows_are_independent(flow: ZukoFlow) -> None:
    x = data()
    z = flow.encode(x)
    alone = torch.cat([flow.decode(row) for row in z[:, None]])

    torch.testing.assert_close(flow.decode(z), alone, rtol=1e-9, atol=1e-9)


@EACH
def test_flows_serve_as_coordinates_of_a_search(flow: ZukoFlow) -> None:
    model = torch.nn.Sequential(torch.nn.Flatten(), perceptron(FEATURES, 1)).double()
    goal = TargetClass("other", confidence=0.55)

    with unchecked_calls():
        found = search(data(), model.eval(), goal, flow)

    assert found.reached.all()


def test_a_flow_of_vectors_needs_no_shape() -> None:
    flow = ZukoFlow(affine_spline(range(3), hidden=(8,)))

    assert flow.decode(torch.zeros(2, 3)).shape == (2, 3)


def test_a_flow_with_a_context_is_refused() -> None:
    with pytest.raises(ValueError, match="flow must be unconditional"):
        ZukoFlow(zuko.flows.MAF(3, context=2))


def test_a_shape_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="shape must hold the flow's 3 features"):
        ZukoFlow(affine_spline(range(3), hidden=(8,)), (2, 2))


def test_the_same_seed_gives_the_same_weights() -> None:
    one, same = (affine_spline(range(3), seed=5).state_dict() for _ in range(2))
    other = affine_spline(range(3), seed=6).state_dict()

    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)
