"""How much the counterfactuals of one input differ, as a statement of each row."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from diffeo import diversity
from diffeo.counterfactuals import Outcome
from records import record


def stated(changes: Tensor, inputs: list[int], missed: int = -1) -> dict[str, Tensor]:
    zero = torch.zeros_like(changes)
    found = record(zero, changes)
    number = torch.tensor(inputs, dtype=changes.dtype)
    found = replace(found, statements={"input": number})

    if missed >= 0:
        found.outcome[missed] = Outcome.STALLED

    return dict(diversity(found).statements)


def test_orthogonal_changes_of_one_length() -> None:
    found = stated(torch.eye(3, dtype=torch.float64), [0, 0, 0])
    kernel = torch.full((3, 3), 1 / (1 + math.sqrt(2)), dtype=torch.float64)
    kernel.fill_diagonal_(1)
    expected = {
        "nearest_angle": 90.0,
        "diversity_latent": math.sqrt(2),
        "diversity_data": math.sqrt(2),
        "determinant": torch.linalg.det(kernel).item(),
        "distinct": 3.0,
    }

    for name, value in expected.items():
        assert found[name].tolist() == pytest.approx([value] * 3), name


def test_copies_are_not_diverse() -> None:
    found = stated(torch.ones(2, 4, dtype=torch.float64), [0, 0])

    assert found["nearest_angle"].tolist() == pytest.approx([0, 0], abs=1e-5)
    assert found["diversity_data"].tolist() == [0, 0]
    assert found["determinant"].tolist() == pytest.approx([0, 0], abs=1e-12)
    assert found["distinct"].tolist() == [1, 1]


def test_it_has_no_scale() -> None:
    changes = torch.rand(3, 5, dtype=torch.float64)
    one, other = stated(changes, [0, 0, 0]), stated(1000 * changes, [0, 0, 0])

    for name, value in one.items():
        torch.testing.assert_close(value, other[name])


def test_inputs_are_not_compared_and_failures_do_not_count() -> None:
    changes = torch.eye(5, dtype=torch.float64)
    found = stated(changes, [0, 0, 0, 1, 1], missed=2)
    alone = stated(changes[:2], [0, 0])

    assert found["distinct"].nan_to_num(-1).tolist() == [2, 2, -1, 2, 2]
    torch.testing.assert_close(found["determinant"][:2], alone["determinant"])


def test_one_alone_differs_from_nothing() -> None:
    found = stated(torch.ones(2, 4, dtype=torch.float64), [0, 1])

    assert found["distinct"].tolist() == [1, 1]
    assert found["diversity_data"].isnan().all()
    assert found["determinant"].isnan().all()
    assert found["nearest_angle"].isnan().all()


def test_numbers_of_great_units_do_not_count_for_more() -> None:
    changes = torch.tensor([[300.0, 0.0], [300.0, 1.0]], dtype=torch.float64)
    zero, same = torch.zeros_like(changes), torch.zeros(2, dtype=torch.float64)
    found = replace(record(zero, changes), statements={"input": same})

    assert diversity(found).statements["distinct"].tolist() == [1, 1]
    assert diversity(found, scale=(300.0, 1.0)).statements["distinct"].tolist() == [
        2,
        2,
    ]

    with pytest.raises(ValueError, match="scale must be one for each of 2 numbers"):
        diversity(found, scale=(1.0,))


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="share must be above 0, got 0"):
        diversity(record(torch.zeros(1, 2), torch.ones(1, 2)), share=0.0)
