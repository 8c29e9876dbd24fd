import json
from pathlib import Path

import pytest

from reproduction.experiment import ExperimentOptions, without_ends
from reproduction.mnist.experiment import MNIST

SHIPPED = Path(__file__).parents[2] / "results" / "mnist" / "results.json"


@pytest.mark.usefixtures("small_digits")
def test_fours_become_nines_and_are_judged(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ExperimentOptions(tmp_path, data, quick=True, progress=False)
    results = MNIST.run(options)

    shipped = json.loads(SHIPPED.read_text())  # of a run before it told intervals

    assert shipped.keys() <= results.keys()
    assert {*without_ends(results)} <= shipped.keys()
    assert results["cnn_accuracy"] > 0.9
    assert results["reached_latent"] > 0
    assert results["reached_latent_low"] < results["reached_latent_high"] <= 1
    assert 0 < results["svm_accuracy_low"] < results["svm_accuracy"]
    assert results["round_trip_error"] < 1e-4
    assert results["svm_target_real"] > results["svm_target_originals"]
    assert "svm_target_latent" in capsys.readouterr().out

    for name in ("gallery.png", "confidence.png", "report.html"):
        assert (tmp_path / name).is_file()
