"""Which forms coordinates have for decoding often, and that they decode alike."""

import pytest
import torch
from torch import Tensor, nn

from diffeo.codec import Codec
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.inference import inference_form
from diffeo.coordinates.protocol import Coordinates
from diffeo.meter import Meter
from diffeo.models.flow.flow import Flow
from laws import SHAPE, AnyModule, deep_flow, images, pulled, tiny_flow
from places import zuko_flow


class Wrapped(nn.Module):
    """Coordinates of a user's whose only form of their own is the invertible one."""

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self.flow = flow

    def encode(self, x: Tensor) -> Tensor:
        return self.flow.encode(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.flow.decode(z)

    def inference(
        self, *, dtype: torch.dtype | None, invertible: bool
    ) -> Coordinates | None:
        return self.flow.inference(dtype=dtype, invertible=True) if invertible else None


def kept(coordinates: Coordinates) -> int:
    meter, z = Meter(), torch.zeros(5, 16)

    with meter.watch():
        pulled(coordinates.decode, z)

    return meter.peak


def test_forms_are_in_evaluation_mode_as_what_they_are_of() -> None:
    for place in (tiny_flow(), Wrapped(deep_flow(1)).eval(), AnyModule().eval()):
        form = inference_form(place)

        assert isinstance(form, nn.Module)
        assert not form.training


def test_bounds_stay_around_the_form_of_what_is_inside() -> None:
    flow = tiny_flow()
    z = flow.encode(images(2))
    bounded = Bounded(flow, low=0.3, high=0.6)
    form = inference_form(bounded)

    assert isinstance(form, Bounded)
    assert isinstance(form.coordinates, Codec)
    torch.testing.assert_close(form.decode(z), bounded.decode(z), rtol=0, atol=1e-9)
    torch.testing.assert_close(form.encode(images(2)), z, rtol=0, atol=1e-12)


def test_wrappers_pass_the_invertible_form_on() -> None:
    flow = deep_flow(8)

    for place in (Bounded(flow), Wrapped(flow), Bounded(Wrapped(flow))):
        plain, invertible = (
            inference_form(place),
            inference_form(place, invertible=True),
        )

        assert plain is not None
        assert invertible is not None
        assert kept(invertible) < kept(plain) / 2


def test_modules_decode_alike_without_their_parameters() -> None:
    place, z = AnyModule(), torch.ones(2, 16)
    form = inference_form(place)

    assert form is not None
    assert torch.equal(form.decode(z), place.decode(z))
    assert torch.equal(form.encode(images(2).float()), place.encode(images(2).float()))
    assert place.decode(z).requires_grad
    assert not form.decode(z).requires_grad


@pytest.mark.parametrize(
    "place", [AnyModule(), zuko_flow(), Identity(SHAPE)], ids=["module", "zuko", "data"]
)
@pytest.mark.parametrize("bounded", [True, False])
def test_forms_that_coordinates_do_not_know_are_none(
    place: Coordinates, *, bounded: bool
) -> None:
    place = Bounded(place) if bounded else place

    assert inference_form(place, dtype=torch.bfloat16) is None
    assert inference_form(place, invertible=True) is None


def test_data_space_has_no_faster_form() -> None:
    assert inference_form(Identity(SHAPE)) is None
    assert inference_form(Bounded(Identity(SHAPE))) is None
