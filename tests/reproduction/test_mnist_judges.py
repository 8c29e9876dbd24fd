import json
import math
from pathlib import Path

import pytest
import torch

from diffeo.data.labelled import LabelledImages
from reproduction.experiment import ExperimentOptions
from reproduction.mnist.judges import MNIST_JUDGES, PENALTIES, best_penalty, typicality
from reproduction.mnist.judges_tables import judges_results

JUDGES = *(f"svm_{penalty:g}" for penalty in PENALTIES), "knn", "consensus"


@pytest.mark.usefixtures("small_digits")
def test_judges_and_classifiers_are_varied(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    results = MNIST_JUDGES.run(ExperimentOptions(out, data, quick=True, progress=False))
    promised = {
        f"{method}_{classifier}_{judge}"
        for method in ("diffeomorphic", "adversarial", "gap")
        for classifier in ("shipped", "models")
        for judge in JUDGES
    }
    promised |= {f"svm_{penalty:g}_accuracy_validation" for penalty in PENALTIES}
    promised |= {"real_consensus_low", "diffeomorphic_models_knn_error"}
    promised |= {"diffeomorphic_shipped_typicality_flow", "shipped_accuracy"}

    assert promised <= set(results)
    assert results["svm_penalty"] in PENALTIES
    assert results["diffeomorphic_shipped_success"] == 1
    assert json.loads((out / "results.json").read_text()).keys() == results.keys()
    assert (out / "shares.png").is_file()


def test_the_penalty_of_the_fewest_errors_is_chosen() -> None:
    data = LabelledImages(torch.zeros(4, 1, 1, 1), torch.tensor([0, 0, 1, 1]))
    machines = {
        1.0: lambda x: torch.tensor([0, 1, 1, 1]),  # noqa: ARG005
        0.1: lambda x: torch.tensor([0, 0, 0, 1]),  # noqa: ARG005
        0.01: lambda x: torch.tensor([1, 1, 1, 1]),  # noqa: ARG005
    }

    assert best_penalty(machines, data) == 0.1


def test_what_is_likely_but_not_typical_is_not_typical() -> None:
    real = torch.linspace(0.2, 0.6, 9).reshape(-1, 1, 1, 1)
    rule = typicality(lambda x: -x.flatten(1).sum(1), real)
    found = rule(torch.tensor([0.0, 0.4, 1.0]).reshape(-1, 1, 1, 1))

    assert found.tolist() == [0, 1, 0]


def test_intervals_are_over_fours_and_over_models() -> None:
    rows = 20
    nan = torch.full((rows,), math.nan)

    def judged(share: float) -> dict[str, torch.Tensor]:
        flags = (torch.arange(rows) < share * rows).double()

        return {"svm_1": flags, "knn": flags / 2, "distance": nan}

    names = "seed_1", "seed_2", "lenet"
    results = judges_results(
        {
            "diffeomorphic": dict(
                zip(names, map(judged, (0.9, 0.7, 0.1)), strict=True)
            ),
            "adversarial": {name: judged(0.5) for name in names},
        },
        {"svm_1": nan},
    )

    assert results["diffeomorphic_seed_1_svm_1"] == pytest.approx(0.9)
    assert results["diffeomorphic_seed_1_svm_1_high"] < 1
    assert results["diffeomorphic_models_svm_1"] == pytest.approx(0.8)
    assert results["diffeomorphic_models_svm_1_error"] == pytest.approx(0.1)
    assert results["diffeomorphic_models_svm_1_least"] == pytest.approx(0.7)
    assert results["gap_seed_1_knn"] == pytest.approx(0.2)
    assert results["gap_models_svm_1"] == pytest.approx(0.3)
    assert results["gap_lenet_svm_1"] == pytest.approx(-0.4)
    assert math.isnan(results["real_svm_1"])
    assert "gap_seed_1_distance" not in results
