import json
from pathlib import Path

import pytest

from reproduction.experiment import ExperimentOptions
from reproduction.mnist.coordinates import MNIST_COORDINATES


@pytest.mark.usefixtures("small_digits")
def test_coordinates_are_judged_alike(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ExperimentOptions(out, data, quick=True, progress=False)
    results = MNIST_COORDINATES.run(options)
    stems = [
        f"{name}{model}"
        for name in ("flow_matching", "glow", "realnvp", "data")
        for model in ("", "_augmented", "_lenet")
    ]

    for stem in stems:
        assert 0 <= results[f"{stem}_reached"] <= 1
        assert results[f"{stem}_exact"] == 1
        assert {f"{stem}_consensus", f"{stem}_knn"} <= results.keys()

    assert {
        f"flow_matching_minus_glow{model}_{judge}{end}"
        for model in ("", "_augmented", "_lenet")
        for judge in ("consensus", "knn")
        for end in ("", "_low", "_high")
    } <= results.keys()
    assert results["data_round_trip_rms"] == 0
    assert 0 < results["flow_matching_round_trip_rms"] < 1e-3
    assert 0.5 < results["flow_matching_latent_norm_ratio"] < 1.2
    assert results["flow_matching_contraction_max"] > 0
    assert {"glow_typical_realnvp", "realnvp_lenet_typical_glow"} <= results.keys()
    assert not {"glow_typical_glow", "glow_lenet_typical_glow"} & results.keys()
    assert (out / "gallery.png").is_file()
    assert json.loads((out / "results.json").read_text()).keys() == results.keys()
