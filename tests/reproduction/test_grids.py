from pathlib import Path

import pytest

from reproduction.experiment import ExperimentOptions
from reproduction.grids import GRIDS, KINDS


@pytest.mark.usefixtures("small_models")
def test_fields_are_measured_on_every_grid(data: Path, tmp_path: Path) -> None:
    options = ExperimentOptions(tmp_path, data, quick=True, progress=False)
    results = GRIDS.run(options)

    for name in KINDS:
        stem = f"{name}_4_2"
        least, greatest = (
            results[f"{stem}_last_step_{end}"] for end in ("least", "greatest")
        )

        assert results[f"{stem}_round_trip_rms"] < 1e-3
        assert results[f"{stem}_frechet_distance"] >= 0
        assert results[f"{stem}_encode_seconds"] > 0
        assert 0 < least < greatest

    assert results["optimized_round_trip_rms"] <= 2e-3

    assert (tmp_path / "grids.png").is_file()
