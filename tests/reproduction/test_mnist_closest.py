import json
from pathlib import Path

import pytest

from reproduction.experiment import ExperimentOptions
from reproduction.mnist.closest import GOALS, MNIST_CLOSEST

SEARCHES = "plain", "latent", "data", "smoothed", "agreed", "agreed_data"
OF_EACH = (
    "reached",
    "steps_max",
    "seconds_per_image",
    "l2_latent_median",
    "l2_data_median",
    "ssim_median",
    "svm_target",
    "knn_target",
)
OF_ALL = (
    "kkt_angle_degrees_median",
    "kkt_angle_degrees_median_data",
    "kkt_angle_degrees_median_agreed_data",
    "l2_latent_ratio",
    "certified_radius_median",
    "certified_radius_max",
    "certified_radius_below_distance_share",
    "typicality_rank_median_plain",
    "typicality_rank_median_latent",
    "typicality_rank_median_data",
    "agreement_held_out_before",
    "agreement_held_out_after",
    "agreement_held_out_after_plain",
    "cnn_accuracy_second",
    "cnn_accuracy_third",
    "cnn_accuracy_held_out",
    "svm_target_data_minus_plain",
    "svm_target_agreed_data_minus_plain",
)


@pytest.mark.usefixtures("small_digits")
def test_fours_become_the_nearest_nines(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    results = MNIST_CLOSEST.run(
        ExperimentOptions(out, data, quick=True, progress=False)
    )
    promised = {f"{key}_{name}" for key in OF_EACH for name in SEARCHES} | set(OF_ALL)

    assert results.keys() == promised
    assert promised > GOALS.keys()
    assert json.loads((out / "results.json").read_text()).keys() == promised
    assert results["reached_plain"] == results["reached_latent"] == 1
    assert results["l2_latent_ratio"] < 1
    assert results["l2_latent_median_latent"] < results["l2_latent_median_plain"]
    assert results["l2_data_median_data"] < results["l2_data_median_plain"]
    assert results["kkt_angle_degrees_median"] < 20
    assert results["certified_radius_below_distance_share"] == 1
    assert "goal" in capsys.readouterr().out

    for name in ("gallery.png", "distances.png"):
        assert (out / name).is_file()
