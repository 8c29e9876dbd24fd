from typing import Any

import pytest
import torch
from torch import Tensor, nn

from diffeo import AtLeast, Run, explain, search
from diffeo.coordinates.autoencoder import Autoencoder, as_coordinates, paired
from diffeo.coordinates.inference import inference_form
from diffeo.coordinates.protocol import Coordinates, is_exact
from laws import autoencoder, coordinates, images, tiny_classifier


class Posterior(nn.Module):
    """An autoencoder whose encoder returns mean and log-variance maps."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(1, 4, 2, stride=2)
        self.up = nn.ConvTranspose2d(2, 1, 2, stride=2)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.down(x).chunk(2, dim=1)

        return mean, log_variance

    def decode(self, z: Tensor) -> Tensor:
        x: Tensor = self.up(z)

        return x


def test_two_functions_are_coordinates() -> None:
    model, x = autoencoder(), images(3)
    place = paired(model.encode, model.decode)

    assert isinstance(place, Coordinates)
    assert torch.equal(place.encode(x), model.encode(x))
    assert torch.equal(place.decode(place.encode(x)), model.decode(model.encode(x)))
    assert not is_exact(place)


def test_two_functions_are_searched_as_they_are() -> None:
    model, x = autoencoder(), images(3)
    records = [
        explain(x, tiny_classifier(1), place, objective=AtLeast(0.6), run=Run(steps=3))
        for place in ((model.encode, model.decode), model)
    ]

    assert torch.equal(records[0].counterfactual, records[1].counterfactual)


def test_an_encoder_of_several_answers_is_told_the_way_out() -> None:
    place: Any = Posterior().double().eval()

    with pytest.raises(ValueError, match=r"got tuple; pass Autoencoder\(model\)"):
        search(images(2), tiny_classifier(1), AtLeast(0.6), place)


def total(x: Tensor) -> Tensor:
    return x.flatten(1).sum(1)


def test_an_encoder_of_several_answers_is_explained_by_its_mean() -> None:
    model, x, goal = Posterior().double().eval(), images(2), AtLeast(1.0)
    records = [
        explain(x, total, place, objective=goal)
        for place in (
            model,
            (model.encode, model.decode),
            Autoencoder(model, latent=(2, 2, 2)),
        )
    ]

    for record in records:
        assert torch.equal(record.counterfactual, records[2].counterfactual)
        assert record.origin.shape == (2, 8)
        assert record.reached.all()


def test_latents_that_are_no_vectors_are_shaped_as_they_were_encoded() -> None:
    model, x = Posterior().double().eval(), images(2)
    maps = nn.Sequential(model.down, nn.Conv2d(4, 2, 1)).double().eval()
    record = search(x, total, AtLeast(1.0), paired(maps, model.up))

    assert record.origin.shape == (2, 8)
    torch.testing.assert_close(record.reconstruction, model.up(maps(x)))

    place = paired(maps, model.up)
    assert place.decode(place.encode(images(2, (1, 8, 8)))).shape == (2, 1, 8, 8)
    assert place.decode(place.encode(x)).shape == x.shape

    with pytest.raises(ValueError, match=r"encode failed on .*: RuntimeError"):
        explain(x.repeat(1, 3, 1, 1), total, (maps, model.up), objective=AtLeast(1.0))


@pytest.mark.parametrize("name", coordinates())
def test_coordinates_are_taken_as_they_are(name: str) -> None:
    place = coordinates()[name]

    assert as_coordinates(place, images(1)) is place


def test_a_module_in_training_mode_is_not_asked() -> None:
    model: Any = Posterior().double().train()

    with pytest.raises(ValueError, match="evaluation mode"):
        explain(images(2), total, model, objective=AtLeast(1.0))


def test_the_mean_of_a_posterior_is_the_encoding() -> None:
    model, x = Posterior().double().eval(), images(3)
    place = Autoencoder(model, latent=(2, 2, 2))

    assert torch.equal(place.encode(x), model.encode(x)[0].flatten(1))
    assert torch.equal(place.decode(place.encode(x)), model.decode(model.encode(x)[0]))


def test_modules_inside_are_seen() -> None:
    model = Posterior().double()
    place = Autoencoder(model, latent=(2, 2, 2))
    halves = paired(model.down, model.up)

    assert place.training
    assert halves.training
    assert not Autoencoder(model.eval(), latent=(2, 2, 2)).training

    form = inference_form(Autoencoder(model, latent=(2, 2, 2)))
    assert form is not None
    assert not form.decode(torch.zeros(1, 8).double()).requires_grad


def test_searches_run_in_the_mean_of_a_posterior() -> None:
    place = Autoencoder(Posterior().double().eval(), latent=(2, 2, 2))
    record = search(images(2), lambda x: x.flatten(1).sum(1), AtLeast(1.0), place)

    assert record.reached.all()
    torch.testing.assert_close(record.reconstruction, place.decode(record.origin))
