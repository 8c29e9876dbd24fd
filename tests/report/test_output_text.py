import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch

from diffeo.counterfactuals import Counterfactuals
from diffeo.report.output_text import class_names, output_text, settings_text
from mirrored import asked, record_of, synthetic


@pytest.fixture(scope="module")
def record() -> Counterfactuals:
    return record_of(synthetic(3, (1, 8, 8), noise=0.1))


@pytest.fixture(scope="module")
def regressed(record: Counterfactuals) -> Counterfactuals:
    """A record of a model with one value a row."""

    return replace(
        record,
        outputs_before=torch.tensor([[0.5], [1.0], [1.5]]),
        outputs_after=torch.tensor([[3.6], [3.7], [3.8]]),
    )


def test_a_class_is_told_by_its_name_and_confidence(record: Counterfactuals) -> None:
    text = output_text(record, ("cat", "dog"))

    assert text.goal == "answer dog with a confidence above 0.99"
    assert list(text.targets) == ["dog"] * 3
    assert text.answers(record.outputs_before) == ["cat"] * 3
    assert text.answers(record.outputs_after) == ["dog"] * 3
    assert text.certainties[0] == "0.9820"
    assert text.after[0].item() == pytest.approx(1 / (1 + math.exp(-6)))


def test_several_targets_are_another_class(record: Counterfactuals) -> None:
    mixed = replace(record, target=torch.tensor([0.0, 1.0, 1.0]))

    assert "answer another class with" in output_text(mixed).goal


def test_the_margin_of_a_class_tells_its_confidence(record: Counterfactuals) -> None:
    text = output_text(record)

    assert text.along(torch.zeros(1)).item() == pytest.approx(0.99)
    assert text.write_along(0.0) == "confidence 0.9900"
    assert text.write_along(-math.log(99)) == "confidence 0.5000"


@pytest.mark.parametrize(
    ("value", "written"),
    [(1.0, "> 0.9999"), (0.99994, "0.9999"), (0.5, "0.5000"), (2e-5, "2e-05")],
)
def test_a_probability_never_reads_0_or_1(
    record: Counterfactuals, value: float, written: str
) -> None:
    assert output_text(record).write(value) == written


def test_a_single_logit_is_of_class_1() -> None:
    assert class_names(torch.tensor([[0.5], [-0.5]]), ("no", "yes")) == ["yes", "no"]
    assert class_names(torch.tensor([0.5, -0.5])) == ["1", "0"]


def test_names_must_be_one_for_each_class(record: Counterfactuals) -> None:
    with pytest.raises(ValueError, match="2 classes, got 3 names"):
        output_text(record, ("a", "b", "c"))


@pytest.mark.parametrize(
    ("ends", "wanted", "margin", "said", "needed"),
    [
        ((3.5, None), "at least 3.5", 0.024, "answer 3.524", 3.5),
        ((None, 1.2), "at most 1.2", 0.1, "answer 1.1", 1.2),
        (
            (2.4, 2.6),
            "between 2.4 and 2.6",
            -0.25,
            "distance inside the interval -0.25",
            0.0,
        ),
    ],
)
def test_an_interval_is_told_by_its_ends_and_its_path_by_its_answers(
    regressed: Counterfactuals,
    ends: tuple[float | None, float | None],
    wanted: str,
    margin: float,
    said: str,
    needed: float,
) -> None:
    low, high = ends
    interval = {"name": "Between", "low": low, "high": high}
    text = output_text(asked(regressed, interval))

    assert text.goal == f"answer {wanted}"
    assert set(text.targets) == {wanted}
    assert text.answers(regressed.outputs_before) == ["0.5", "1", "1.5"]
    assert text.after.tolist() == pytest.approx([3.6, 3.7, 3.8])
    assert text.write_along(margin) == said
    assert text.along(torch.zeros(1)).item() == needed


def test_an_objective_of_ones_own_is_told_by_its_settings(
    record: Counterfactuals,
) -> None:
    mine = {"name": "Mine", "weight": 2, "layers": [1, 2, 3, 4, 5, 6]}
    many = torch.arange(18.0).reshape(3, 2, 3)
    text = output_text(asked(record, mine))

    assert text.goal == "meet Mine(weight=2, layers=[1, 2, 3, 4, … 6 in all])"
    assert text.answers(many)[1] == "6, 7, 8, 9, …"
    assert text.answers(many[:, 0, 0]) == ["0", "6", "12"]
    assert text.quantity == "margin"
    assert text.after.tolist() == record.margin.tolist()
    assert text.before.isnan().all()
    assert text.write_along(0.5) == "margin past the target 0.5"


@pytest.mark.parametrize("settings", [{}, {"objective": "Mine()"}])
def test_a_record_without_a_structured_objective_is_told_too(
    record: Counterfactuals, settings: Mapping[str, object]
) -> None:
    assert output_text(replace(record, settings=settings)).goal.startswith("meet ")


def test_an_objective_within_another_is_read(record: Counterfactuals) -> None:
    inner = record.settings["objective"]
    outer = {"name": "Penalized", "weight": 0.1, "objective": inner}

    assert output_text(asked(record, outer)).quantity == "confidence"


def test_settings_are_written_as_python_would() -> None:
    inner = {"name": "NormalizedGradient", "rate": 1.0}
    settings = {"name": "Polyak", "ascent": inner, "beyond": None, "box": True}

    assert settings_text(settings) == (
        "Polyak(ascent=NormalizedGradient(rate=1.0), beyond=null, box=true)"
    )
    assert settings_text({"name": "mnist-flow"}) == "mnist-flow"
