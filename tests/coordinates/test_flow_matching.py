"""Laws of flow matching as coordinates, on a smooth field of a few dimensions."""

import pytest
import torch
from torch import Tensor, nn

from diffeo import Run, TargetClass, search
from diffeo.coordinates import flow_matching
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.statements.encoding import state_encoding

TIMES = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)


class Field(nn.Module):
    """A smooth random field of data of shape (1, 2, 3)."""

    def __init__(self, strength: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Linear(7, 32), nn.SiLU(), nn.Linear(32, 32), nn.SiLU(), nn.Linear(32, 6)
        )
        self.strength = strength

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        inputs = torch.cat((x.flatten(1), t[:, None]), dim=1)

        velocity: Tensor = self.strength * self.layers(inputs).reshape(x.shape)

        return velocity


def place(
    dtype: torch.dtype = torch.float64,
    *,
    strength: float = 3.0,
    tolerance: float = 1e-12,
) -> FlowMatching:
    found = FlowMatching(
        Field(strength),
        (1, 2, 3),
        times=TIMES,
        center=0.5,
        spread=0.5,
        tolerance=tolerance,
    )

    return found.to(dtype).eval().requires_grad_(requires_grad=False)


def data(rows: int = 5, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(1)

    return torch.rand(rows, 1, 2, 3, generator=generator, dtype=dtype)


@pytest.mark.parametrize(
    ("dtype", "tolerance", "error"),
    [(torch.float64, 1e-12, 1e-9), (torch.float32, 1e-6, 1e-4)],
)
def test_decoding_undoes_encoding(
    dtype: torch.dtype, tolerance: float, error: float
) -> None:
    where, x = place(dtype, tolerance=tolerance), data(dtype=dtype)
    found = where.certify(x)

    assert (where.decode(where.encode(x)) - x).abs().max() <= error
    assert found.exact.all()
    assert found.contractive.all()
    assert found.residual.shape == found.contraction.shape == (5, len(TIMES) - 1)


def test_encoding_undoes_decoding() -> None:
    where = place()
    z = where.encode(data())

    torch.testing.assert_close(where.encode(where.decode(z)), z, rtol=0, atol=1e-8)


def test_gradients_pass_through_all_steps_with_little_memory_or_much() -> None:
    where = place()
    z = where.encode(data()).requires_grad_()
    weights = data(1)

    def gradient(decode: FlowMatching) -> Tensor:
        (found,) = torch.autograd.grad((decode.decode(z) * weights).sum(), z)

        return found

    lean = where.inference(invertible=True)
    step = 1e-6
    nudge = torch.zeros_like(z)
    nudge[:, 2] = step
    with torch.no_grad():
        ends = where.decode(z + nudge), where.decode(z - nudge)
    slope = ((ends[0] - ends[1]) * weights).sum((1, 2, 3)) / (2 * step)

    assert lean is not None
    torch.testing.assert_close(gradient(lean), gradient(where))  # type: ignore[arg-type]
    torch.testing.assert_close(gradient(where)[:, 2], slope, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("invertible", [False, True])
def test_bfloat16_decodes_almost_the_same_data_and_gradients(
    *, invertible: bool
) -> None:
    where = place(torch.float32, tolerance=1e-6)
    z = where.encode(data(dtype=torch.float32)).requires_grad_()
    rough = where.inference(dtype=torch.bfloat16, invertible=invertible)
    assert rough is not None

    found, full = rough.decode(z), where.decode(z)
    slope, rough_slope = (
        torch.autograd.grad(x.square().sum(), z)[0] for x in (full, found)
    )

    assert found.dtype == torch.float32
    assert 0 < (found - full).abs().max() < 0.02
    assert torch.cosine_similarity(slope, rough_slope).min() > 0.999
    assert torch.equal(rough.encode(full.detach()), where.encode(full.detach()))


def test_steps_in_bfloat16_are_confirmed_in_the_precision_of_the_data() -> None:
    where = place(torch.float32, tolerance=1e-6)
    x = data(dtype=torch.float32)

    def model(x: Tensor) -> Tensor:
        return 8 * x.flatten(1)[:, :3] - 4

    how = Run(steps=300, precision=torch.bfloat16)
    record = search(x, model, TargetClass(1, 0.6), where, run=how)

    assert record.settings["precision"] == "torch.bfloat16"
    assert record.reached.all()
    torch.testing.assert_close(
        where.decode(record.latent), record.counterfactual, rtol=0, atol=1e-6
    )


def test_a_row_does_not_depend_on_the_others() -> None:
    where, x = place(), data()

    torch.testing.assert_close(
        where.encode(x[3:4]), where.encode(x)[3:4], rtol=0, atol=1e-12
    )


def test_the_contraction_is_the_norm_of_a_steps_jacobian() -> None:
    where, x = place(), data(2)
    found = where.certify(x)
    z = where.encode(x)

    for row in range(2):
        jacobian = torch.func.jacrev(
            lambda point: where._velocity(point[None], 0.0)[0]
        )(z[row])
        norm = TIMES[1] * torch.linalg.matrix_norm(jacobian, ord=2)

        assert found.contraction[row, -1].item() == pytest.approx(norm.item(), rel=0.02)


def test_residuals_are_told_without_the_contraction() -> None:
    where, x = place(), data(2)
    found = where.certify(x, rounds=0)

    assert torch.equal(found.residual, where.certify(x).residual)
    assert found.contraction.isnan().all()
    assert not found.contractive.any()


def test_a_field_that_is_too_steep_is_marked() -> None:
    found = place(strength=400.0).certify(data())

    assert not found.exact.all()
    assert not found.contractive.all()


def log_normal(where: FlowMatching, x: Tensor) -> Tensor:
    """The log-density of each row, from derivatives through all steps at once."""

    found = []

    for z in where.encode(x):
        jacobian = torch.autograd.functional.jacobian(
            lambda z: where.decode(z[None]).flatten(), z
        )
        base = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum()
        found.append(base - torch.linalg.slogdet(jacobian)[1])

    return torch.stack(found)


def test_small_data_have_the_density_of_derivatives_through_all_steps() -> None:
    where, x = place(strength=20.0), data()
    found = where.log_density(x)

    torch.testing.assert_close(found.mean, log_normal(where, x), rtol=0, atol=1e-9)
    torch.testing.assert_close(where.log_prob(x), found.mean)
    assert (found.error == 0).all()


def test_estimates_of_density_are_off_by_their_standard_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flow_matching, "SMALL", 0)
    where, x = place(strength=10.0), data(3)
    found = where.log_density(x, draws=8)
    off = (found.mean - log_normal(where, x)) / found.error

    assert (found.error > 1e-3).all()
    assert off.abs().max() < 4
    torch.testing.assert_close(
        where.log_density(x[2:], draws=8).mean, found.mean[2:], rtol=0, atol=1e-9
    )


def test_rows_that_are_too_steep_are_approximate_in_the_record() -> None:
    where = place(torch.float32, strength=100.0, tolerance=1e-6)
    x = data(1, dtype=torch.float32)
    goal = TargetClass(1, 0.6)
    record = search(x, lambda x: x.flatten(1)[:, :3], goal, where, run=Run(steps=1))
    stated = state_encoding(record, where).statements

    assert not record.exact.any()
    assert (stated["step_residual"] > where.tolerance).all()
    assert (stated["contraction"] > 1).all()


def test_searches_run_in_these_coordinates() -> None:
    where = place(torch.float32, tolerance=1e-6)
    x = data(dtype=torch.float32)

    def model(x: Tensor) -> Tensor:
        return 8 * x.flatten(1)[:, :3] - 4

    record = search(x, model, TargetClass(1, 0.6), where, run=Run(steps=300))

    assert record.reached.all()
    torch.testing.assert_close(record.reconstruction, x, rtol=0, atol=1e-4)


@pytest.mark.parametrize("times", [(), (0.0,), (0.0, 0.5), (0.0, 0.5, 0.5, 1.0)])
def test_times_must_rise_from_0_to_1(times: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="times must rise from 0 to 1"):
        FlowMatching(nn.Identity(), (2,), times=times)
