from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from diffeo.coordinates.inversion import Inversion, InvertedGenerator
from reproduction.celeba.approximate import CELEBA_APPROXIMATE, GOALS
from reproduction.celeba.inversion import (
    PRIORS,
    chosen,
    compare_inversions,
    inverted,
    scaled_features,
)
from reproduction.celeba.samples import fitted_decode, frechet_distances, samples
from reproduction.experiment import ExperimentOptions
from reproduction.generators import frechet_distance

MEASURED = "success", "round_trip_error", "seconds_per_image", "frechet_distance"
JUDGED = (
    "svm_target",
    "knn_target",
    "l2_data_median",
    "ssim_factual_median",
    "ssim_reconstruction_median",
)


def halved() -> InvertedGenerator:
    """Halves of latents, and an encoder that is off by one."""

    generator = nn.Linear(2, 3, bias=False)
    generator.weight.data = torch.tensor([[0.5, 0.0], [0.0, 0.5], [0.0, 0.0]])

    def encoder(x: Tensor) -> Tensor:
        return 2 * x[:, :2] + 1

    return InvertedGenerator(
        generator.eval(), 2, (3,), encoder=encoder, inversion=Inversion(steps=40)
    )


@pytest.mark.usefixtures("small_models")
def test_faces_turn_blond_in_approximate_coordinates(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ExperimentOptions(tmp_path / "out", data, quick=True, progress=False)
    results = CELEBA_APPROXIMATE.run(options)
    wanted = {f"{name}_{key}" for name in ("flow", "vae", "gan") for key in MEASURED}
    wanted |= {f"flow_{key}" for key in JUDGED}  # the others are untrained

    assert results.keys() >= wanted | GOALS.keys()
    assert results["flow_success"] == 1
    assert results["round_trip_ratio"] > 100
    assert results["encoder_inversion_mse"] >= results["pixel_inversion_mse"]
    assert results["pixel_inversion_prior"] in PRIORS
    assert results["vae_fitted_frechet_distance"] >= 0
    assert "could not be drawn" not in capsys.readouterr().err
    assert {path.name for path in options.out.glob("*.png")} == {
        "gallery.png",
        "residuals.png",
        "samples.png",
        "inversions.png",
    }


def test_the_inversion_of_least_error_is_chosen() -> None:
    x = torch.tensor([[0.5, -0.5, 0.0], [1.0, 0.25, 0.0]])
    best = chosen(halved(), x)
    others = [Inversion(steps=40, starts=1, prior=prior) for prior in PRIORS]
    errors = [inverted(halved(), each).invert(x).error.max() for each in others]

    assert best.inversion.prior == min(PRIORS)
    assert best.invert(x).error.max() <= min(errors)


def test_inversions_are_compared_in_pixels_and_in_features() -> None:
    x, gan = torch.tensor([[0.5, -0.5, 0.3]]), halved()
    places = {
        "pixel": inverted(gan, Inversion(steps=200, prior=0.0)),
        "encoder": inverted(gan, Inversion(steps=0)),
    }
    results, made = compare_inversions(places, x, lambda x: 2 * x[:, 1:])

    assert results["pixel_inversion_mse"] == pytest.approx(0.03, abs=1e-4)
    assert results["pixel_inversion_feature_mse"] == pytest.approx(0.18, abs=1e-3)
    assert results["encoder_inversion_mse"] == pytest.approx(0.03 + 0.5 / 3)
    assert results["pixel_inversion_steps"] == 200
    assert "encoder_inversion_steps" not in results
    assert made["pixel"].shape == x.shape


def test_scaled_features_vary_as_much_as_pixels() -> None:
    generator = torch.Generator().manual_seed(0)
    faces = torch.rand(50, 3, 4, 4, generator=generator)
    layers = nn.Conv2d(3, 5, 3, padding=1).requires_grad_(requires_grad=False)
    seen = scaled_features(layers, faces)(faces)

    assert seen.var(0).mean().item() == pytest.approx(faces.var(0).mean().item())


def test_images_are_compared_by_their_features() -> None:
    generator = torch.Generator().manual_seed(0)
    real = torch.rand(40, 1, 2, 2, generator=generator)
    found = frechet_distances(
        {"same": real, "brighter": real + 3}, real, lambda x: x.flatten(1)[:, :2]
    )

    assert found["same_frechet_distance"] == pytest.approx(0, abs=1e-6)
    assert found["brighter_frechet_distance"] == pytest.approx(18, rel=1e-4)


def test_the_frechet_distance_is_that_of_normal_distributions() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(400, 3, generator=generator, dtype=torch.float64)
    stretch, shift = torch.tensor([2.0, 1.0, 0.5]), torch.tensor([3.0, 0.0, 4.0])
    spread, vectors = torch.linalg.eigh(x.T.cov())
    white = (x - x.mean(0)) @ vectors / spread.sqrt()
    expected = 25 + (1 - stretch).square().sum().item()

    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(white, white * stretch + shift) == pytest.approx(expected)


class Scaled(nn.Module):
    def encode(self, x: Tensor) -> Tensor:
        return x.flatten(1) / 1e3

    def decode(self, z: Tensor) -> Tensor:
        return (1e3 * z).reshape(-1, 1, 2, 2)


def test_samples_are_images_and_the_same_each_time() -> None:
    decode = Scaled().decode
    found = samples(decode, 4, 60)

    assert found.shape == (60, 1, 2, 2)
    assert found.min() == 0
    assert found.max() == 1
    assert torch.equal(found, samples(decode, 4, 60))


def test_samples_from_where_images_are_encoded_vary_as_these_do() -> None:
    generator = torch.Generator().manual_seed(0)
    x = 0.5 + 0.1 * torch.randn(500, 1, 2, 2, generator=generator)
    found = samples(fitted_decode(Scaled(), x), 4, 500)

    torch.testing.assert_close(found.mean(0), x.mean(0), atol=0.02, rtol=0)
    torch.testing.assert_close(
        found.flatten(1).T.cov(), x.flatten(1).T.cov(), atol=2e-3, rtol=0
    )
