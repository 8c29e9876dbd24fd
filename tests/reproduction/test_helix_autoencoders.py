import math
from pathlib import Path

from reproduction.experiment import ExperimentOptions
from reproduction.helix.autoencoders import HELIX_AUTOENCODERS


def test_autoencoders_of_thin_ribbons_are_measured(tmp_path: Path) -> None:
    options = ExperimentOptions(tmp_path, quick=True, progress=False)
    results = HELIX_AUTOENCODERS.run(options)

    for kind in ("variational", "plain"):
        assert math.isfinite(results[f"normal_eigenvalue_slope_{kind}"])

        for thickness in ("0.2", "0.1"):
            stem = f"{kind}_{thickness}"
            mean = results[f"normal_eigenvalue_ratio_{stem}"]
            assert 0 < mean <= results[f"normal_eigenvalue_ratio_worst_{stem}"]
            assert results[f"crossing_length_{stem}"] > 0
            assert results[f"missed_ratio_{stem}"] > 1

    assert (tmp_path / "theorem.png").is_file()
