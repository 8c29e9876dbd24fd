from pathlib import Path

import pytest
import torch

from diffeo import AtLeast, Identity, diversity, search_several
from reproduction.experiment import ExperimentOptions
from reproduction.several import COUNT, SEVERAL, several_results


@pytest.mark.usefixtures("small_digits")
def test_several_are_measured_beside_other_starting_points(
    data: Path, tmp_path: Path
) -> None:
    options = ExperimentOptions(tmp_path, data, quick=True, progress=False)
    results = SEVERAL.run(options)

    for name in ("digits", "digits_starts", "helix"):
        assert results[f"{name}_inputs"] == 2
        assert 0 <= results[f"{name}_reached"] <= 1

    counts = [results[f"helix_distinct_{count}"] for count in range(1, COUNT + 1)]
    assert results["helix_reached"] > 0
    assert sum(counts) == 2
    assert (tmp_path / "nines.png").is_file()


def test_later_ones_are_compared_with_the_first_in_units_of_their_own() -> None:
    x, goal = torch.tensor([[0.1, 0.0, 0.0]]), AtLeast(3.0)
    place, model = Identity((3,)), lambda x: x.logsumexp(1)
    record = diversity(search_several(x, model, goal, place, count=2))
    plain = several_results("found", record)
    scaled = several_results("found", record, (2.0, 2.0, 2.0))

    assert plain == scaled
    assert plain["found_reached_all"] == 1
    assert plain["found_distinct_2"] == 1
    assert plain["found_nearest_angle"] >= 45 - 1e-3
    assert several_results("found", record, (1.0, 9.0, 9.0)) != plain
