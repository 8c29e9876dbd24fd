"""Laws of folded flows with a reversible backward pass."""

import pytest
import torch
from torch import Tensor

from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.inference import Frozen, prepare, reversible
from diffeo.coordinates.protocol import Coordinates
from diffeo.experiments.fours import digits_flow
from diffeo.meter import Meter
from diffeo.models.flow.flow import Flow
from diffeo.models.flow.folded import Decoder, decoder, reversible_decoder
from diffeo.models.flow.rewind import Rewindable
from laws import BijectionCase, bijections, deep_flow, images, pulled, tiny_flow

every_bijection = pytest.mark.parametrize(
    "case", bijections(), ids=lambda case: case.name
)


def rewindable(case: BijectionCase) -> Decoder:
    return reversible_decoder(decoder(case.bijection, torch.float64))


@every_bijection
def test_a_reversible_decoder_has_the_same_data_and_gradient(
    case: BijectionCase,
) -> None:
    y = case.bijection.forward(case.x)[0].detach()
    plain = decoder(case.bijection, torch.float64)
    found = pulled(reversible_decoder(plain), y)

    torch.testing.assert_close(found, pulled(plain, y), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "case",
    [case for case in bijections() if isinstance(rewindable(case), Rewindable)],
    ids=lambda case: case.name,
)
def test_a_rewound_decoder_finds_its_input(case: BijectionCase) -> None:
    y = case.bijection.forward(case.x)[0].detach()
    one = rewindable(case)
    assert isinstance(one, Rewindable)
    x = one(y)
    found, _ = one.rewind(x, torch.ones_like(x))

    torch.testing.assert_close(found, y, rtol=1e-9, atol=1e-9)


def kept(coordinates: Coordinates) -> int:
    meter, z = Meter(), torch.zeros(5, 16)

    with meter.watch():
        pulled(coordinates.decode, z)

    return meter.peak


def test_what_a_reversible_decoder_keeps_does_not_grow_with_the_steps() -> None:
    short, long = deep_flow(2).folded(), deep_flow(8).folded()

    assert kept(long.reversible()) == kept(short.reversible())
    assert kept(long) > 2 * kept(short)
    assert kept(long) > 2 * kept(long.reversible())


def test_rewinding_costs_the_trained_flow_no_more_than_rounding() -> None:
    flow = digits_flow()
    z = 0.7 * torch.randn(4, 784, generator=torch.Generator().manual_seed(0))
    exact = pulled(flow.double().decode, z.double())[1]
    folded = flow.float().folded()
    data, plain = pulled(folded.decode, z)
    same, gradient = pulled(folded.reversible().decode, z)

    def error(value: Tensor) -> float:
        return float((value - exact).norm() / exact.norm())

    assert torch.equal(same, data)
    assert error(gradient) <= 2 * error(plain)


def test_a_reversible_decoder_decodes_without_gradients_too() -> None:
    flow = tiny_flow()
    z = flow.encode(images(3))

    with torch.no_grad():
        x = flow.folded().reversible().decode(z)

    torch.testing.assert_close(x, flow.decode(z), rtol=0, atol=1e-12)


class Unknown(torch.nn.Module):
    """Coordinates of a user's that know no other form."""

    def encode(self, x: Tensor) -> Tensor:
        return x

    def decode(self, z: Tensor) -> Tensor:
        return z


class Wrapped(torch.nn.Module):
    """Coordinates of a user's that cannot be folded and know a reversible form."""

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self.flow = flow

    def encode(self, x: Tensor) -> Tensor:
        return self.flow.encode(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.flow.decode(z)

    def reversible(self) -> Coordinates:
        return self.flow.folded().reversible()


def test_wrappers_pass_the_reversible_form_on() -> None:
    flow = deep_flow(4)

    for place in (Bounded(flow), Wrapped(flow), Bounded(Wrapped(flow))):
        ready = prepare(place)
        other = reversible(ready)

        assert other is not ready
        assert kept(other) < kept(ready) / 2


def test_coordinates_without_a_reversible_form_stay_as_they_are() -> None:
    identity = Identity((1, 4, 4))
    plain = prepare(Unknown())

    for place in (identity, Bounded(identity), plain, Bounded(plain)):
        assert reversible(place) is place

    assert isinstance(plain, Frozen)
