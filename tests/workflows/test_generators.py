from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from diffeo import Identity, Inversion, InvertedGenerator
from diffeo.workflows.generators import How, inverted
from diffeo.workflows.loading import find_coordinates

SHAPE = (1, 2, 2)
MINE = """
import torch

class Bare(torch.nn.Module):
    latent = 3

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 4)

    def forward(self, z):
        return self.layer(z).reshape(-1, 1, 2, 2)

def bare():
    return Bare().eval()

class Whole(Bare):
    features = 16  # a number of channels, not a function

    def __init__(self):
        super().__init__()
        self.encoder = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3))

def encoded():
    return Whole().eval()

def featured():
    found = Bare().eval()
    found.features = lambda x: x.mean((2, 3))
    return found

def sizeless():
    return torch.nn.Linear(3, 4).eval()
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A Python file whose functions return generators."""

    path = tmp_path / "mine.py"
    path.write_text(MINE)

    return path


def whole() -> InvertedGenerator:
    layer = nn.Linear(3, 4).eval()

    return InvertedGenerator(
        layer,
        3,
        SHAPE,
        features=lambda x: x.mean((2, 3)),
        encoder=lambda x: x.flatten(1)[:, :3],
        inversion=Inversion(steps=9),
    )


def test_a_bare_generator_is_inverted(mine: Path) -> None:
    place = find_coordinates(f"{mine}:bare", SHAPE, progress=True)

    assert isinstance(place, InvertedGenerator)
    assert place.latent == (3,)
    assert place.inversion == Inversion(progress=True)
    assert place.encode(torch.rand(2, *SHAPE)).shape == (2, 3)


def test_a_bare_generator_brings_its_encoder(mine: Path) -> None:
    x = torch.rand(2, *SHAPE)
    place = find_coordinates(f"{mine}:encoded", SHAPE, inversion="encoder")

    assert isinstance(place, InvertedGenerator)
    assert place.encoder is not None
    assert place.features is None
    assert place.inversion.steps == 0
    assert torch.equal(place.encode(x), place.encoder(x))

    whole = find_coordinates(f"{mine}:encoded", SHAPE)
    assert isinstance(whole, InvertedGenerator)
    assert whole.inversion == Inversion()
    assert whole.encoder is not None

    with pytest.raises(ValueError, match="by features needs a generator with the attr"):
        find_coordinates(f"{mine}:encoded", SHAPE, inversion="features")


def test_a_bare_generator_brings_its_features(mine: Path) -> None:
    x = torch.rand(2, *SHAPE)
    place = find_coordinates(f"{mine}:featured", SHAPE, inversion="features")

    assert isinstance(place, InvertedGenerator)
    assert place.encoder is None
    error = (place.decode(place.encode(x)) - x).mean((1, 2, 3)).abs()
    torch.testing.assert_close(place.invert(x).error, error)

    with pytest.raises(ValueError, match="by encoder needs"):
        find_coordinates(f"{mine}:featured", SHAPE, inversion="encoder")


def test_a_generator_of_unknown_size_is_refused(mine: Path) -> None:
    with pytest.raises(ValueError, match="must have an attribute `latent`"):
        find_coordinates(f"{mine}:sizeless", SHAPE)


@pytest.mark.parametrize(
    ("how", "features", "steps"),
    [
        (None, True, 9),
        ("pixels", False, 9),
        ("features", True, 9),
        ("encoder", True, 0),
    ],
)
def test_it_is_inverted_as_asked(
    how: How | None, *, features: bool, steps: int
) -> None:
    place = inverted(whole(), SHAPE, how, progress=False)

    assert isinstance(place, InvertedGenerator)
    assert (place.features is not None) is features
    assert place.encoder is not None
    assert place.inversion.steps == steps

    if how == "encoder":
        x = torch.rand(2, *SHAPE)
        assert torch.equal(place.encode(x), x.flatten(1)[:, :3])


@pytest.mark.parametrize("how", ["features", "encoder"])
def test_what_a_generator_lacks_is_refused(how: How) -> None:
    def generator(z: Tensor) -> Tensor:
        return z

    with pytest.raises(ValueError, match=f"inversion by {how} needs"):
        inverted(InvertedGenerator(generator, 4, SHAPE), SHAPE, how, progress=False)


def test_only_generators_are_inverted() -> None:
    assert inverted(Identity(SHAPE), SHAPE, None, progress=True) == Identity(SHAPE)

    with pytest.raises(ValueError, match="must be given with a generator"):
        inverted(Identity(SHAPE), SHAPE, "pixels", progress=False)
