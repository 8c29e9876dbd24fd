from pathlib import Path

import pytest

from reproduction.experiment import ExperimentOptions
from reproduction.spectra import IMAGES, SPECTRA


@pytest.mark.usefixtures("small_models")
def test_largest_eigenvalues_are_found_in_every_data_set(
    data: Path, tmp_path: Path
) -> None:
    options = ExperimentOptions(tmp_path, data, quick=True, progress=False)
    results = SPECTRA.run(options)

    for name in IMAGES:
        first = results[f"{name}_eigenvalue_first"]

        assert first >= results[f"{name}_eigenvalue_last"] > 0
        assert 1 <= results[f"{name}_effective_dimension_mean"] <= 2

    assert (tmp_path / "spectrum.png").is_file()
