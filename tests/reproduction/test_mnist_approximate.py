import json
from pathlib import Path

import pytest

from reproduction.experiment import ExperimentOptions
from reproduction.mnist.approximate import GOALS, MNIST_APPROXIMATE


@pytest.mark.usefixtures("small_digits")
def test_approximate_coordinates_are_judged_like_exact_ones(
    data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = ExperimentOptions(out, data, quick=True, progress=False)
    results = MNIST_APPROXIMATE.run(options)

    for name in ("flow", "vae", "gan", "vae_residual", "gan_residual", "data"):
        assert 0 <= results[f"{name}_success"] <= 1

    assert results.keys() >= GOALS.keys()
    assert results["flow_round_trip_error"] < 1e-3
    assert results["vae_round_trip_error"] > 0.1
    assert results["gan_round_trip_error"] > 0.1
    assert "gan_residual_seconds_per_image" not in results
    assert results["gan_inversion_share"] == pytest.approx(
        results["gan_inversion_mse"] / results["mean_image_mse"]
    )
    assert {each.name for each in out.glob("*.png")} == {"gallery.png", "residuals.png"}
    assert json.loads((out / "results.json").read_text()).keys() == results.keys()
