import json
import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from reproduction.experiment import ExperimentOptions
from reproduction.mnist.frontier import MNIST_FRONTIER, Case, measure_mnist_frontier
from reproduction.mnist.frontier_curves import (
    Curve,
    draws_of,
    interval,
    level_at,
    reaches,
)

ROWS = 40


def line(slope: float) -> Curve:
    """Return a method that changes by 1, 2 and 3, and is agreed with by that much."""

    noise = torch.rand(3, ROWS, generator=torch.Generator().manual_seed(1))
    change = torch.tensor([[1.0], [2.0], [3.0]]).expand(3, ROWS)
    agreed = (noise < slope * change).float()

    return Curve({"data": change, "latent": 2 * change}, {"svm": agreed})


@pytest.mark.usefixtures("small_digits")
def test_the_frontier_writes_what_it_promises(data: Path, tmp_path: Path) -> None:
    methods = dict.fromkeys(("diffeomorphic", "adversarial"), (0.5, 0.9))
    ours = "agreed_data", "falling_price_agreed"
    rivals = dict.fromkeys((*ours, "revise_agreed", "revise_smoothed"), (0.9,))
    cases = (
        Case("", methods),
        Case("three_to_eight_", methods, source=3, target=8),
        Case("three_classifiers_", rivals),
    )
    tuning = {
        "tuned_diffeomorphic_rate": 0.7,
        "tuned_adversarial_rate": 0.7,
        "tuned_wachter_rate": 0.7,
        "tuned_revise_rate": 0.7,
        "tuned_prototypes_attraction": 1.0,
        "tuned_prototypes_published_attraction": 1.0,
    }
    out = tmp_path / "out"
    out.mkdir()
    (out / "tuning.json").write_text(json.dumps(tuning))
    options = ExperimentOptions(out, data, quick=True, progress=False)
    measure = partial(measure_mnist_frontier, cases)
    results = replace(MNIST_FRONTIER, measure=measure).run(options)
    promised = {
        f"{case.prefix}{name}_{judge}_at_{distance}{end}"
        for case in cases[:2]
        for name in (*methods, "diffeomorphic_minus_adversarial")
        for judge in ("consensus", "knn", "svm")
        for distance in (4, 5, 6)
        for end in ("", "_low", "_high")
    }
    promised |= {"real_knn_target", "three_to_eight_real_consensus_target_low"}
    promised |= {"diffeomorphic_0.9_success", "adversarial_knn_reaches_real_at"}
    promised |= {
        f"three_classifiers_{name}_minus_revise_{how}_knn_at_4_low"
        for name in ours
        for how in ("agreed", "smoothed")
    }

    assert promised <= set(results)
    assert results["diffeomorphic_0.9_l2_data_median"] > 0
    assert (out / "frontier.png").is_file()
    assert (out / "three_to_eight_frontier.png").is_file()


def test_agreement_between_two_confidences_lies_on_a_line() -> None:
    change = torch.tensor([[3.0, 1.0, torch.nan]])
    agreed = torch.tensor([[0.8, 0.4, torch.nan]])

    assert level_at(2.0, change, agreed).item() == pytest.approx(0.6)
    assert level_at(3.0, change, agreed).item() == pytest.approx(0.8)
    assert level_at(0.9, change, agreed).isnan()
    assert level_at(3.1, change, agreed).isnan()
    assert level_at(1.0, torch.nan * change, agreed).isnan()


def test_the_smallest_change_that_reaches_a_level_is_told() -> None:
    change, agreed = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0.2, 0.4, 0.8])

    assert reaches(0.6, change, agreed) == pytest.approx(3.0)
    assert reaches(0.1, change, agreed) == 1.0
    assert math.isnan(reaches(0.9, change, agreed))


def test_an_interval_holds_what_all_rows_say() -> None:
    points = line(0.3).points("data", "svm", draws_of(ROWS))
    found = interval(level_at(2.5, *points))

    assert found.low < found.value < found.high
    assert found.high - found.low < 0.4


def test_rows_that_did_not_reach_count_nowhere() -> None:
    curve = line(0.3)
    change, agreed = curve.changes["data"].clone(), curve.agreed["svm"].clone()
    change[:, 10:], agreed[:, 10:] = torch.nan, torch.nan
    few = Curve({"data": change}, {"svm": agreed})
    _, levels = few.points("data", "svm", draws_of(ROWS)[:1])

    torch.testing.assert_close(levels[0], curve.agreed["svm"][:, :10].mean(1))


def test_there_is_no_interval_where_no_row_has_a_number() -> None:
    assert math.isnan(interval(torch.full((5,), torch.nan)).value)
