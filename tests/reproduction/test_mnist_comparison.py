import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from diffeo.methods import diffeomorphic
from reproduction.experiment import ExperimentOptions
from reproduction.mnist import tuning
from reproduction.mnist.baselines import OURS, RATES, Entry
from reproduction.mnist.comparison import MNIST_COMPARISON
from reproduction.mnist.records import Records
from reproduction.mnist.setup import Setup
from reproduction.mnist.tuning import (
    QUICK,
    best_of,
    read_tuning,
    settings_of,
    tune_mnist_comparison,
)

METHODS = (
    "adversarial",
    "adversarial_published",
    "agreed",
    "closest",
    "closest_data",
    "diffeomorphic",
    "diffeomorphic_published",
    "natural",
    "prototypes",
    "prototypes_published",
    "revise",
    "smoothed",
    "wachter",
)
AT_HALF = "diffeomorphic", "adversarial"
CONTROLS = "originals", "real", "noise", "untrained"
MEANS = (
    "success",
    "svm_target",
    "knn_target",
    "consensus_target",
    "im1_mean",
    "seconds_per_image",
)
MEDIANS = "ssim_median", "l2_data_median", "l2_latent_median", "typicality_median"


@pytest.fixture(scope="module")
def options(
    data: Path,
    small_digits: None,  # noqa: ARG001
    tmp_path_factory: pytest.TempPathFactory,
) -> ExperimentOptions:
    """Options of a quick run."""

    out = tmp_path_factory.mktemp("out")

    return ExperimentOptions(out, data, quick=True, progress=False)


@pytest.fixture(scope="module")
def tuned(options: ExperimentOptions) -> dict[str, float]:
    """What the tuning found and wrote."""

    return tune_mnist_comparison(options)


def test_the_comparison_writes_what_it_promises(
    options: ExperimentOptions, tuned: dict[str, float]
) -> None:
    results = MNIST_COMPARISON.run(options)
    names = [
        *METHODS,
        *(f"half_{name}" for name in AT_HALF),
        *CONTROLS,
    ]
    promised = {f"{name}_{metric}" for name in names for metric in (*MEANS, *MEDIANS)}
    promised |= {
        f"{name}_{metric}_{end}"
        for name in names
        for metric in MEANS
        for end in ("low", "high")
    }
    promised |= {"im1_closed", "half_im1_closed", "tuned_revise_rate"}
    promised |= {"diffeomorphic_minus_wachter_consensus_target_low"}
    promised |= {"closest_minus_wachter_consensus_target_high"}
    promised |= {"natural_seconds_over_diffeomorphic", "natural_rows"}

    assert promised <= set(results)
    assert results["tuned_revise_rate"] == tuned["tuned_revise_rate"]
    assert results["diffeomorphic_success"] > 0
    assert results["diffeomorphic_rows"] == results["diffeomorphic_success"]
    assert results["real_svm_target"] > results["originals_svm_target"]
    assert (
        json.loads((options.out / "results.json").read_text()).keys() == results.keys()
    )

    for stem in (
        "oracle",
        "neighbors",
        "consensus",
        "distances",
        "nearest",
        "gallery",
    ):
        assert (options.out / f"{stem}.png").is_file()
        assert (options.out / f"half_{stem}.png").is_file()


def test_a_second_run_takes_the_records_of_the_first(
    options: ExperimentOptions, tuned: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = Setup.load(options, QUICK)
    entry = Entry(diffeomorphic())
    records = Records(setup, {OURS: entry}, tuned)
    first = records.of(OURS, 0.9)
    monkeypatch.setattr(Setup, "search", None)

    assert torch.equal(records.of(OURS, 0.9).counterfactual, first.counterfactual)

    with pytest.raises(TypeError):
        records.of(OURS, 0.95)

    with pytest.raises(TypeError):
        Records(setup, {OURS: entry}, {"other": 1.0}).of(OURS, 0.9)


def test_the_tuning_is_written_and_read(
    options: ExperimentOptions, tuned: dict[str, float]
) -> None:
    assert read_tuning(options) == tuned
    assert settings_of(tuned)["diffeomorphic_rate"] == RATES[0]
    assert 0 <= tuned["tried_wachter_rate_0.35_success"] <= 1


def test_a_comparison_without_tuning_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "SHIPPED", tmp_path / "shipped")

    with pytest.raises(FileNotFoundError, match="reproduction tune mnist-comparison"):
        MNIST_COMPARISON.run(ExperimentOptions(tmp_path / "new"))


def test_the_shipped_tuning_is_found_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ExperimentOptions(tmp_path)

    assert read_tuning(options)["tuned_wachter_rate"] > 0
    assert read_tuning(replace(options, quick=True)) == {}

    (tmp_path / "tuning.json").write_text('{"tuned_wachter_rate": 3.0}')

    assert read_tuning(options) == {"tuned_wachter_rate": 3.0}


def test_the_nearest_of_those_that_succeed_alike_is_chosen() -> None:
    tried = {0.1: (0.97, 1.0), 0.2: (0.99, 3.0), 0.4: (1.0, 4.0), 0.8: (0.98, 2.0)}

    assert best_of(tried) == 0.8
