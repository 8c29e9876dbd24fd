from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from diffeo.counterfactuals import Counterfactuals
from diffeo.data.labelled import Labelled
from diffeo.data.mnist import sample_digits
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.comparison import Question, Settings, compare, evaluate
from diffeo.evaluation.evaluation import Evaluation
from diffeo.evaluation.judges import AutoencoderSettings, ClassifierSettings
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.standard import interpretability
from diffeo.evaluation.subjects import of_record
from diffeo.metrics.distances import class_distance
from diffeo.metrics.intervals import Bootstrap
from diffeo.models.classifiers import cnn
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.flow import Flow
from diffeo.models.flow.recipes import Level, glow
from records import record

ROWS = 6
NEEDED = (
    "success",
    "ssim_median",
    "l2_data_median",
    "l2_latent_median",
    "svm_target",
    "knn_target",
    "im1_mean",
    "typicality_median",
)


def reference() -> Reference:
    digits = sample_digits()
    data = Labelled(digits.images, digits.labels)

    return Reference(*data.select(slice(None, 600)).split(3))


def flow() -> Flow:
    found = glow((1, 28, 28), [Level(1, 4)], bins=4)
    initialize(found, sample_digits().images[:50])

    return found.eval().requires_grad_(requires_grad=False)


def records() -> dict[str, Counterfactuals]:
    """Fours that become other nines, and fours that only become brighter."""

    digits = sample_digits()
    x, nines = (digits.images[digits.labels == label][-ROWS:] for label in (4, 9))
    made = {"swap": nines, "glow": (x + 0.1).clamp(0, 1)}
    found = {
        name: record(x, after, target=9, classes=10) for name, after in made.items()
    }

    for each in found.values():
        each.outputs_before[:, 4] = 9.0

    return found


def question() -> Question:
    return Question(cnn((1, 28, 28), 10, width=2).eval(), flow())


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        autoencoder=AutoencoderSettings(latent=4, hidden=(32,), steps=100, size=16),
        classifiers=(ClassifierSettings(width=2, steps=20),),
        trees=10,
        bootstrap=Bootstrap(resamples=200),
        cache=Cache(tmp_path_factory.mktemp("cache")),
    )


@pytest.fixture(scope="module")
def evaluation(settings: Settings) -> Evaluation:
    found = records()

    return compare(
        found,
        question(),
        reference(),
        untrained=found["glow"].select(torch.arange(2)),
        settings=settings,
    )


@pytest.mark.parametrize(
    "name", ["swap", "glow", "originals", "real", "noise", "untrained"]
)
def test_every_method_and_control_has_every_figure(
    evaluation: Evaluation, name: str
) -> None:
    results = evaluation.table().as_results()

    for metric in NEEDED:
        assert f"{name}_{metric}" in results
        assert f"{name}_{metric}_low" in results


def test_the_judges_tell_a_nine_from_a_brighter_four(evaluation: Evaluation) -> None:
    results = evaluation.table().as_results()

    for metric in ("knn_target", "svm_target"):
        assert results[f"swap_{metric}"] > results[f"glow_{metric}"]

    assert results["swap_im1_mean"] < results["glow_im1_mean"]
    assert evaluation.paired("swap", "glow", "im1_mean").high < 0


def test_controls_are_what_they_should_be(evaluation: Evaluation) -> None:
    results = evaluation.table().as_results()

    assert results["originals_ssim_median"] == pytest.approx(1)
    assert results["originals_l2_data_median"] == 0
    assert results["noise_l2_data_median"] == pytest.approx(
        results["swap_l2_data_median"], rel=1e-4
    )
    assert results["swap_seconds_per_image"] == 0.5
    assert "real_seconds_per_image" not in results
    assert "real_composition_error_mean" not in results


def test_figures_are_those_of_the_metrics(evaluation: Evaluation) -> None:
    after = records()["swap"].counterfactual
    fours = reference().held_out.of(4)
    found = evaluation.scores["swap"]["l2_data_class_mean"]

    torch.testing.assert_close(found, class_distance(after, fours).double())


def test_im1_takes_each_rows_own_classes() -> None:
    whole = records()["swap"]
    mixed = replace(whole, target=torch.tensor([9.0, 9, 9, 7, 7, 7]))

    def of_class(label: int) -> Callable[[torch.Tensor], torch.Tensor]:
        return lambda x: x + label

    found = interpretability(of_class)(of_record(mixed))

    np.testing.assert_allclose(found, [9 / 4] * 3 + [7 / 4] * 3, rtol=1e-5)


def test_judges_are_trained_once(evaluation: Evaluation, settings: Settings) -> None:
    assert evaluation.scores
    files = {path: path.stat().st_mtime_ns for path in settings.cache.folder.iterdir()}
    table = evaluate(records()["swap"], question(), reference(), settings)

    assert table.as_results()["counterfactuals_im1_mean"] > 0
    assert (
        files.items()
        <= {
            path: path.stat().st_mtime_ns for path in settings.cache.folder.iterdir()
        }.items()
    )


def test_methods_start_from_the_same_factuals(settings: Settings) -> None:
    found = records()
    other = found["glow"].select(torch.arange(ROWS).flip(0))

    with pytest.raises(ValueError, match="same factuals, got other ones in glow"):
        compare({**found, "glow": other}, question(), reference(), settings=settings)

    with pytest.raises(ValueError, match="untrained record must have the first"):
        compare(found, question(), reference(), untrained=other, settings=settings)

    with pytest.raises(ValueError, match="records must be at least one"):
        compare({}, question(), reference(), settings=settings)
