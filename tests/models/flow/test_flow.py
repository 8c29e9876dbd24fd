import math

import pytest
import torch

from diffeo.data.mnist import sample_digits
from diffeo.models.flow.bijection import Bijection, initialize
from diffeo.models.flow.dequantization import dequantize
from diffeo.models.flow.flow import Flow
from diffeo.models.flow.layers import Whiten
from diffeo.models.flow.recipes import Level, glow, realnvp
from laws import SHAPE, disturb, images, tiny_flow
from reproduction.mnist.setup import digits_flow


def test_the_density_is_that_of_a_change_of_variables() -> None:
    flow, x = tiny_flow(), images(3)
    jacobian = torch.autograd.functional.jacobian(
        lambda row: flow.encode(row[None]).flatten(), x[0]
    ).reshape(16, 16)
    normal = torch.distributions.Normal(0.0, 1.0).log_prob(flow.encode(x)).sum(1)
    expected = normal[0] + torch.linalg.slogdet(jacobian).logabsdet

    torch.testing.assert_close(flow.log_prob(x)[0], expected, rtol=0, atol=1e-9)


def test_the_density_integrates_to_one() -> None:
    flow = Flow(Whiten((1, 1, 1)), (1, 1, 1))
    disturb(flow)
    x = torch.linspace(-12, 12, 20001)
    density = flow.log_prob(x.reshape(-1, 1, 1, 1)).exp()

    assert torch.trapezoid(density, x).item() == pytest.approx(1, abs=1e-4)


def test_bits_per_dimension_of_a_uniform_density_are_its_levels() -> None:
    class Uniform(Bijection):
        """All goes to the latent's mode, with the volume that makes density 1."""

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            volume = 16 * math.log(2 * math.pi) / 2

            return torch.zeros(len(x), 16), torch.full((len(x),), volume)

        def inverse(self, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return self.forward(y)

    flow = Flow(Uniform(), SHAPE)
    bits = flow.bits_per_dimension(images(2).float())

    torch.testing.assert_close(bits, torch.full((2,), math.log2(255)))


def test_samples_repeat_with_the_seed() -> None:
    flow = tiny_flow()
    one, same, other = (
        flow.sample(3, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )

    assert one.shape == (3, *SHAPE)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_typical_data_are_those_between_the_stored_bounds() -> None:
    flow, x = tiny_flow(), images(9)
    assert flow.is_typical(x) is None

    density = flow.log_prob(x)
    low, high = density.sort().values[[2, 6]]
    flow.typical.copy_(torch.stack((low, high)))

    typical = flow.is_typical(x)
    assert typical is not None
    assert torch.equal(typical, (density >= low) & (density <= high))


@pytest.mark.parametrize("recipe", [glow, realnvp])
def test_recipes_repeat_with_the_seed_and_leave_the_global_generator_alone(
    recipe: type[Flow],
) -> None:
    before = torch.random.get_rng_state()
    one, same, other = (recipe(SHAPE, [Level(2, 4)], seed=seed) for seed in (1, 1, 2))  # type: ignore[call-arg, arg-type]

    assert torch.equal(torch.random.get_rng_state(), before)

    assert torch.equal(weights(one), weights(same))
    assert not torch.equal(weights(one), weights(other))


def weights(flow: Flow) -> torch.Tensor:
    return torch.cat([value.flatten() for value in flow.parameters()])


def test_recipes_refuse_sides_that_cannot_be_halved() -> None:
    with pytest.raises(ValueError, match="divisible by 2 to the 2 levels"):
        glow((1, 6, 6), [Level(1, 4), Level(1, 4)])


def test_a_flow_refuses_data_of_another_shape() -> None:
    with pytest.raises(ValueError, match=r"must be \(batch, 1, 4, 4\), got \(2, 16\)"):
        tiny_flow().encode(torch.zeros(2, 16))


def test_couplings_are_the_identity_at_first() -> None:
    flow = glow(SHAPE, [Level(1, 4)], bins=0)
    x = images(5).float()
    initialize(flow, x)

    assert flow.encode(x).std().item() == pytest.approx(1, abs=0.15)


def test_convolutions_in_bfloat16_leave_couplings_in_float32() -> None:
    flow = tiny_flow().float()
    x = dequantize(images(4).float(), generator=torch.Generator().manual_seed(0))
    exact = flow.log_prob(x)

    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = flow.log_prob(x)

    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, rtol=0.05, atol=1.0)


def test_the_trained_flow_decodes_what_it_encoded() -> None:
    flow, x = digits_flow(), sample_digits().images[:250]

    with torch.no_grad():
        error = flow.decode(flow.encode(x)) - x

    assert error.abs().max() <= 1e-4


def test_the_trained_flow_finds_noise_untypical_and_most_digits_typical() -> None:
    flow = digits_flow()
    digits = sample_digits().images[:100]
    noise = torch.rand(digits.shape, generator=torch.Generator().manual_seed(0))

    typical, other = flow.is_typical(digits), flow.is_typical(noise)

    assert typical is not None
    assert other is not None
    assert typical.float().mean() > 0.9
    assert not other.any()
