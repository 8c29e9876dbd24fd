import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from diffeo import Bounded, Identity, Masked, Residual
from diffeo.coordinates.autoencoder import paired
from diffeo.coordinates.protocol import Coordinates
from diffeo.statements.diagnosis import Diagnosis, diagnose
from diffeo.workflows.check import draw_check
from laws import SHAPE, autoencoder, coordinates, images, tiny_flow

X = images(20)


def wrong(place: Coordinates, x: Tensor = X) -> set[str]:
    return {
        name
        for name, verdict in diagnose(place, x).verdicts().items()
        if verdict.startswith("WRONG")
    }


@pytest.mark.parametrize("name", coordinates())
def test_nothing_is_wrong_with_the_coordinates_of_the_laws(name: str) -> None:
    assert wrong(coordinates()[name]) == set()


def test_a_flow_is_exact_and_knows_its_density() -> None:
    found = diagnose(tiny_flow(), X)

    assert found.exact
    assert found.error.max() < 1e-9
    assert found.density_gap is not None
    assert found.density_gap < 1e-6
    assert "fits the Jacobian" in found.verdicts()["density"]
    assert "and these data come back" in found.verdicts()["exact"]


def test_an_autoencoder_tells_what_it_loses_and_where_most() -> None:
    place = autoencoder()
    found = diagnose(place, X)
    change = place.decode(place.encode(X)) - X
    error = change.flatten(1).square().mean(1).sqrt()

    torch.testing.assert_close(found.error, error)
    torch.testing.assert_close(found.reconstruction - X, change)
    assert found.worst[0] == error.argmax()
    assert sorted(found.worst) == list(range(20))
    assert found.density_gap is None
    assert "look at the reconstructions" in found.verdicts()["round trip"]
    assert "approximate" in found.verdicts()["exact"]


class Liar(Identity):
    """Coordinates that say they are exact, and lose a pixel."""

    def decode(self, z: Tensor) -> Tensor:
        x = super().decode(z).clone()
        x[:, 0, 0, 0] = 0

        return x


class Wrong(type(tiny_flow())):  # type: ignore[misc]
    """A flow whose log-density is off."""

    def log_prob(self, x: Tensor) -> Tensor:
        density: Tensor = super().log_prob(x) + 1

        return density


def test_what_is_wrong_is_called_wrong() -> None:
    def center(x: Tensor) -> Tensor:
        return x.flatten(1) - x.mean()

    def flat(x: Tensor) -> Tensor:
        return x.flatten(1)

    def detached(z: Tensor) -> Tensor:
        return z.detach().reshape(-1, *SHAPE)

    def saturated(z: Tensor) -> Tensor:
        return (z.reshape(-1, *SHAPE) * 1e4 + 1e6).sigmoid()

    def whole(z: Tensor) -> Tensor:
        return z.reshape(-1, *SHAPE)

    assert wrong(Liar(SHAPE)) == {"exact"}
    assert wrong(paired(center, whole)) == {"batch"}
    assert wrong(paired(flat, detached)) == {"gradient"}
    assert wrong(paired(flat, saturated)) == {"gradient"}

    flow = tiny_flow()
    flow.__class__ = Wrong
    found = diagnose(flow, X)

    assert found.density_gap == pytest.approx(1, abs=1e-6)
    assert "1 nats off" in found.verdicts()["density"]


class Rest(Identity):
    """Coordinates that keep half of each row, and cannot decode without it."""

    def encode(self, x: Tensor) -> Tensor:
        return x.flatten(1)[:, :8]

    def decode(self, z: Tensor) -> Tensor:
        raise NotImplementedError

    def is_exact(self) -> bool:
        return False

    def start(self, x: Tensor, z: Tensor) -> tuple[Tensor, ...]:  # noqa: ARG002
        return (x.flatten(1)[:, 8:],)

    def decode_with(self, z: Tensor, memory: tuple[Tensor, ...]) -> Tensor:
        return torch.cat((z, *memory), dim=1).reshape(-1, *SHAPE)


class Crowded(Rest):
    """Coordinates that remember what depends on the other rows."""

    def start(self, x: Tensor, z: Tensor) -> tuple[Tensor, ...]:
        return tuple(rest + z.mean() for rest in super().start(x, z))


def test_what_remembers_its_rows_is_examined_with_them() -> None:
    found = diagnose(Rest(SHAPE), X)

    assert wrong(Rest(SHAPE)) == set()
    assert found.error.max() == 0
    assert "with what is remembered" in found.verdicts()["exact"]
    assert wrong(Crowded(SHAPE)) == {"batch"}


def test_a_residual_starts_at_the_data_and_its_generator_tells_what_it_loses() -> None:
    inside = diagnose(autoencoder(), X)
    residual = diagnose(Residual(autoencoder()), X)

    assert inside.error.min() > 0.01
    assert residual.error.max() < 1e-12
    assert "with what is remembered" in residual.verdicts()["exact"]
    torch.testing.assert_close(residual.latent, inside.latent)


def test_only_what_a_mask_lets_change_is_lost() -> None:
    mask = torch.arange(16).reshape(SHAPE) > 4
    found = diagnose(Masked(autoencoder(), mask), X)
    change = found.reconstruction - X

    assert change[:, ~mask].abs().max() == 0
    assert change[:, mask].abs().max() > 0.01


def test_lengths_of_latents_are_compared_with_those_of_draws() -> None:
    generator = torch.Generator().manual_seed(0)
    draws = torch.randn(2000, 8, generator=generator)
    place = Identity((8,))

    assert diagnose(place, draws).typical_share == pytest.approx(0.998, abs=0.003)
    assert diagnose(place, 3 * draws).typical_share < 0.3
    assert "farther out" in diagnose(place, 3 * draws).verdicts()["prior"]
    assert "nearer" in diagnose(place, draws / 3).verdicts()["prior"]

    norm = float(diagnose(place, draws).verdicts()["prior"].split()[2].strip(","))
    assert norm == pytest.approx(math.sqrt(8), rel=0.1)


def test_samples_are_compared_with_the_data() -> None:
    draws = torch.randn(500, 2, generator=torch.Generator().manual_seed(1))
    place = Identity((2,))
    alike, unlike = diagnose(place, draws), diagnose(place, draws / 100)

    assert alike.samples is not None
    assert alike.samples.shape == (48, 2)
    assert alike.near_share is not None
    assert alike.near_share > 0.85
    assert "look at them" in alike.verdicts()["samples"]
    assert unlike.near_share == pytest.approx(0, abs=0.05)
    assert "the generator is weak" in unlike.verdicts()["samples"]
    assert "too few" in diagnose(place, draws[:1]).verdicts()["samples"]
    assert "none" in diagnose(Residual(place), draws).verdicts()["samples"]


def test_what_cannot_be_searched_is_refused() -> None:
    with pytest.raises(ValueError, match="x must be finite"):
        diagnose(Identity(SHAPE), X / 0)

    with pytest.raises(ValueError, match="evaluation mode"):
        diagnose(autoencoder().train(), X)

    with pytest.raises(ValueError, match="of the shape that was encoded"):
        diagnose(paired(lambda x: x.flatten(1), lambda z: z), X)


def test_the_worst_images_are_drawn_first(tmp_path: Path) -> None:
    place = Bounded(Identity((1, 6, 6)))
    x = images(3, (1, 6, 6)).float()
    x[1, 0, :3] = 0
    found: Diagnosis = diagnose(place, x)
    blank = replace(
        found,
        reconstruction=torch.ones_like(x),
        error=(1 - x).flatten(1).square().mean(1).sqrt(),
    )
    draw_check(x, blank, tmp_path)

    with Image.open(tmp_path / "worst.png") as sheet:
        assert sheet.size == (3 * 8, 3 * 8)
        assert sheet.getpixel((1, 1)) == (0, 0, 0)
        assert sheet.getpixel((9, 1)) == (255, 255, 255)

    assert (tmp_path / "samples.png").is_file()
