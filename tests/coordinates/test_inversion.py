from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from diffeo import AtLeast, Identity, search
from diffeo.coordinates.inversion import Inversion, InvertedGenerator
from diffeo.coordinates.protocol import is_exact
from diffeo.models.seeded import seeded
from laws import SHAPE, images, inverted_generator


class Counted(nn.Module):
    """A smooth generator of 4×4 images that counts the rows it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = 0

        with seeded(7):
            self.layers = nn.Sequential(
                nn.Linear(3, 12), nn.Tanh(), nn.Linear(12, 16), nn.Sigmoid()
            )

    def forward(self, z: Tensor) -> Tensor:
        self.rows += len(z)
        x: Tensor = self.layers(z)

        return x


def place(inversion: Inversion | None = None) -> InvertedGenerator:
    generator = Counted().double().eval()

    return InvertedGenerator(generator, 3, SHAPE, inversion=inversion)


def latents(rows: int, size: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(3)

    return torch.randn(rows, size, generator=generator, dtype=torch.float64)


def test_data_of_the_generator_are_found_up_to_the_tolerance() -> None:
    where, z = place(Inversion(prior=0.0)), latents(6)
    found = where.invert(where.decode(z))
    miss = (where.decode(found.latent) - where.decode(z)).flatten(1)

    assert (found.error <= 1e-3).all()
    torch.testing.assert_close(miss.square().mean(1).sqrt(), found.error)
    torch.testing.assert_close(found.latent, z, rtol=0, atol=0.05)
    assert (found.steps > 0).all()
    assert found.steps.unique().numel() > 1


def test_data_that_it_cannot_make_keep_their_error() -> None:
    found = place(Inversion(steps=60)).invert(images(3))

    assert (found.error > 0.05).all()
    assert not is_exact(place())


def test_rows_are_inverted_alike_in_any_batch() -> None:
    x, how = images(5), Inversion(steps=40)
    together = place(how).invert(x)

    for size in (1, 2):
        parts = place(replace(how, batch_size=size)).invert(x)
        torch.testing.assert_close(parts.latent, together.latent, rtol=0, atol=1e-9)

    alone = place(how).invert(x[2:3])
    torch.testing.assert_close(alone.latent, together.latent[2:3], rtol=0, atol=1e-9)


def test_the_best_of_several_starts_is_taken() -> None:
    def cubic(z: Tensor) -> Tensor:
        return z**3 - 3 * z  # descents to 18 from the left of 1 end at −1

    x = torch.full((2, 1), 18.0)
    one, several = (
        InvertedGenerator(cubic, 1, (1,), inversion=Inversion(120, starts, seed=4))
        for starts in (1, 8)
    )

    assert one.encode(x)[0] == pytest.approx(-1, abs=0.01)
    assert several.encode(x)[0] == pytest.approx(3, abs=0.01)


def test_features_are_compared_in_place_of_data() -> None:
    def brightness(x: Tensor) -> Tensor:
        return x.flatten(1).mean(1, keepdim=True)

    where = place()
    by_features = InvertedGenerator(where.generator, 3, SHAPE, features=brightness)
    x = images(3)
    found = by_features.invert(x)
    again = by_features.decode(found.latent)

    assert (brightness(again) - brightness(x)).abs().max() <= 1e-3
    assert ((again - x).flatten(1).square().mean(1).sqrt() > 0.05).all()


def test_what_the_generator_ignores_follows_the_prior() -> None:
    def first(z: Tensor) -> Tensor:
        return z[:, :1]

    x = torch.ones(1, 1)
    free, held = (
        InvertedGenerator(first, 2, (1,), inversion=how).encode(x)[0, 1].abs()
        for how in (Inversion(prior=0.0), Inversion(prior=0.01, tolerance=0.0))
    )

    assert free > 0.2
    assert held < 0.01


def test_an_encoder_is_asked_alone_or_gone_on_from() -> None:
    where, z = place(), latents(4)
    x = where.decode(z)

    def encoder(x: Tensor) -> Tensor:
        return z[: len(x)] + 0.1

    alone, followed = (
        InvertedGenerator(
            where.generator, 3, SHAPE, encoder=encoder, inversion=Inversion(steps=steps)
        ).invert(x)
        for steps in (0, 400)
    )
    torch.testing.assert_close(alone.latent, z + 0.1)
    assert (alone.error > 0.005).all()
    assert (followed.error <= 1e-3).all()
    assert (inverted_generator().invert(images(2)).error > 0.01).all()


def test_the_same_rows_are_inverted_once() -> None:
    where, x = place(Inversion(steps=20)), images(3)
    generator = where.generator
    assert isinstance(generator, Counted)
    before = where.encode(x)
    asked = generator.rows
    again = where.encode(x[[2, 0, 2]])

    assert generator.rows == asked
    assert torch.equal(again, before[[2, 0, 2]])

    where.encode(images(1, seed=8))
    assert generator.rows > asked

    with torch.no_grad():
        next(generator.parameters()).add_(1)

    assert not torch.equal(where.encode(x), before)


def test_the_record_keeps_what_inversion_lost() -> None:
    where, x = place(), images(2)
    record = search(x, lambda x: x.flatten(1).sum(1), AtLeast(1.0), where)

    torch.testing.assert_close(
        (record.reconstruction - x).flatten(1).square().mean(1).sqrt(),
        where.invert(x).error,
    )


def test_inversion_takes_gradients_whatever_the_mode_around() -> None:
    where, x = place(Inversion(steps=20)), images(1)

    with torch.inference_mode():
        inside = where.encode(x.clone())

    torch.testing.assert_close(inside, place(Inversion(steps=20)).encode(x))


def test_latents_have_the_shape_that_the_generator_wants() -> None:
    def upsample(z: Tensor) -> Tensor:
        return nn.functional.interpolate(z, scale_factor=4.0)

    where = InvertedGenerator(upsample, (1, 1, 1), SHAPE)

    assert where.encode(torch.full((2, *SHAPE), 0.3)).shape == (2, 1)


def test_modes_are_those_of_the_parts() -> None:
    assert not place().training
    assert InvertedGenerator(Counted(), 3, SHAPE).training
    assert not InvertedGenerator(Identity((3,)).decode, 3, (3,)).training


@pytest.mark.parametrize(
    "wrong",
    [{"steps": -1}, {"starts": 0}, {"batch_size": 0}, {"rate": 0.0}, {"prior": -1.0}],
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Inversion(**wrong)


def test_something_must_find_the_latents() -> None:
    with pytest.raises(ValueError, match="at least 1 without an encoder"):
        place(Inversion(steps=0))
