from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.coordinates.inversion import InvertedGenerator
from diffeo.training.augmentation import RandomCrop
from diffeo.workflows.train.module import TrainingOptions
from diffeo.workflows.train.vae import train_vae
from reproduction.generators import train_encoder, train_gan

SETTINGS = {"shape": [1, 8, 8], "latent": 3, "widths": [8, 16]}


def pixels(side: int = 8) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    size = 40, 1, side, side

    return torch.randint(256, size, generator=generator, dtype=torch.uint8)


def card(recipe: str) -> zoo.Card:
    return zoo.Card(zoo.Recipe(recipe, SETTINGS), "noise", "a test", "none", {})


def options(folder: Path, name: str) -> TrainingOptions:
    return TrainingOptions(
        folder / f"{name}.safetensors", 1, 20, seed=3, progress=False
    )


def test_an_autoencoder_is_trained_stored_and_measured(tmp_path: Path) -> None:
    how = options(tmp_path, "vae")
    train_vae((pixels(10), pixels()), card("vae"), how, crop=RandomCrop(8))
    stored = zoo.card(how.weights)

    assert stored.recipe.settings["seed"] == 3
    assert 0 < stored.figures["reconstruction_mse"] < 0.25
    assert stored.figures["validation_bound_nats"] < 0


def test_a_generator_and_its_encoder_are_trained_stored_and_measured(
    tmp_path: Path,
) -> None:
    how, following = options(tmp_path, "gan"), options(tmp_path, "encoder")
    classifier = nn.Sequential(nn.Flatten(), nn.Linear(64, 2)).eval()
    train_gan((pixels(), pixels()), card("generator"), how, classifier)
    generator = zoo.load(how.weights)
    place = InvertedGenerator(generator, 3, (1, 8, 8))
    train_encoder((pixels(), pixels()), card("encoder"), following, place)
    found = zoo.load(following.weights)(pixels().float() / 255)
    error = place.decode(found) - pixels().float() / 255
    figures = zoo.card(following.weights).figures

    assert 0 <= zoo.card(how.weights).figures["sample_rarest_class_share"] <= 0.5
    assert figures["reconstruction_mse"] == pytest.approx(error.square().mean().item())
