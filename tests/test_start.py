"""From where changes are counted."""

from dataclasses import replace

import pytest
import torch

from diffeo import AtLeast, Masked, Residual, Run, search
from diffeo.coordinates.protocol import Coordinates, decode_with, start_memory
from laws import SHAPE, autoencoder, coordinates, images, tiny_classifier

MODEL = tiny_classifier(1)
X = images(4, seed=5)
UPPER = torch.arange(16).reshape(SHAPE) < 8
FEW = Run(steps=3)
PLACES = coordinates() | {
    "masked autoencoder": Masked(autoencoder(), UPPER),
    "masked residual": Masked(Residual(autoencoder()), UPPER),
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_change_is_counted_from_where_the_search_began(place: Coordinates) -> None:
    record = search(X, MODEL, AtLeast(0.6), place, run=FEW)
    began = decode_with(place, record.origin, start_memory(place, X, record.origin))
    length = (record.counterfactual - record.start).flatten(1).norm(dim=1)

    torch.testing.assert_close(record.start, began, rtol=0, atol=1e-3)
    torch.testing.assert_close(record.change_length, length)
    assert torch.equal(record.change, record.counterfactual - record.start)


def test_what_is_lost_before_the_search_is_no_change() -> None:
    record = search(X, MODEL, AtLeast(-100.0), autoencoder(), run=FEW)

    assert record.change.abs().max() == 0
    assert (record.reconstruction_error > 0.1).all()
    torch.testing.assert_close(record.distance, record.reconstruction_error)


def test_each_row_has_a_start_of_its_own() -> None:
    record = search(X, MODEL, AtLeast(0.6), autoencoder(), run=FEW)
    exact = record.reconstruction.clone()
    exact[1] = X[1]
    mixed = replace(record, reconstruction=exact)

    assert torch.equal(mixed.start[1], X[1])
    assert torch.equal(mixed.start[2], record.reconstruction[2])


def test_a_record_of_the_command_line_says_what_a_mask_held() -> None:
    record = search(X, MODEL, AtLeast(0.6), Masked(autoencoder(), UPPER), run=FEW)
    told = {"coordinates": {"name": "vae.py:load"}, "mask": {"name": "upper.png"}}

    assert torch.equal(replace(record, settings=told).start, record.start)
