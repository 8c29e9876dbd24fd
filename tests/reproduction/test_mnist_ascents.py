import json
from pathlib import Path

import pytest

from reproduction.experiment import ExperimentOptions
from reproduction.mnist.ascents import ASCENTS, MNIST_ASCENTS


@pytest.mark.usefixtures("small_digits")
def test_every_ascent_is_measured(data: Path, tmp_path: Path) -> None:
    options = ExperimentOptions(tmp_path, data, quick=True, progress=False)
    results = MNIST_ASCENTS.run(options)

    written = json.loads((tmp_path / "results.json").read_text())

    assert written.keys() == results.keys()

    for name in ASCENTS:
        assert 0 <= results[f"reached_{name}"] <= 1
        assert results[f"seconds_per_image_{name}"] > 0

    for name in ("normalized_long", "polyak", "polyak_long", "sphere"):
        assert results[f"reached_{name}"] > 0
        assert 0 < results[f"steps_median_{name}"] <= 20
        assert 0 < results[f"distance_latent_median_{name}"] < 30
        assert 0 <= results[f"log_density_rank_{name}"] <= 1

    assert abs(results["latent_norm_change_sphere"]) < 1
