from pathlib import Path

from reproduction.experiment import ExperimentOptions
from reproduction.helix.coordinates import HELIX_COORDINATES


def test_both_kinds_of_coordinates_are_searched_and_fields_measured(
    tmp_path: Path,
) -> None:
    options = ExperimentOptions(tmp_path, quick=True, progress=False)
    results = HELIX_COORDINATES.run(options)

    assert results["helix_coupling_distance_median"] < 0.01
    assert (
        results["helix_coupling_reached"] == results["helix_flow_matching_exact"] == 1
    )
    assert results["helix_flow_matching_round_trip_error"] < 1e-3
    assert 0 < results["helix_contraction_max"] < 1
    assert "normal_eigenvalue_slope_flow_matching" in results
    assert (tmp_path / "distances.png").is_file()
