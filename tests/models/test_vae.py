from pathlib import Path

import pytest
import torch

from diffeo import zoo
from diffeo.coordinates.protocol import Coordinates
from diffeo.models.vae import VAE
from laws import images


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 64)])
def test_images_come_back_in_their_shape_and_range(shape: tuple[int, int, int]) -> None:
    model = VAE(shape, latent=5, widths=(8, 16)).eval()
    x = images(2, shape).float()
    mean, log_variance = model.posterior(x)
    again = model.decode(mean)

    assert isinstance(model, Coordinates)
    assert torch.equal(model.encode(x), mean)
    assert mean.shape == log_variance.shape == (2, 5)
    assert again.shape == x.shape
    assert again.min() >= 0
    assert again.max() <= 1


def test_rows_stand_alone() -> None:
    model, x = VAE((1, 8, 8), 3, (8, 16)).double(), images(4, (1, 8, 8))

    torch.testing.assert_close(model.encode(x)[2:3], model.encode(x[2:3]))


def test_sides_that_cannot_be_halved_are_refused() -> None:
    with pytest.raises(ValueError, match="divisible by 8, got 28×28"):
        VAE((1, 28, 28), latent=4, widths=(8, 8, 8))


def test_the_recipe_is_stored_and_built_again(tmp_path: Path) -> None:
    path = tmp_path / "vae.safetensors"
    settings = {"shape": [1, 28, 28], "latent": 32, "widths": [32, 64]}
    recipe = zoo.Recipe("vae", settings)
    model = recipe.build()
    assert isinstance(model, VAE)
    zoo.save(model, zoo.Card(recipe, "none", "none", "none", {}), path)
    again = zoo.load(path)
    x = images(1, (1, 28, 28)).float()

    assert isinstance(again, VAE)
    torch.testing.assert_close(again.encode(x), model.encode(x), rtol=0, atol=5e-3)
    assert path.stat().st_size < 4e6
