from dataclasses import replace
from pathlib import Path

import torch

from diffeo.data.mnist import sample_digits
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.fitted_oracles import Oracles
from diffeo.evaluation.metrics.agreement import majority, votes
from diffeo.evaluation.oracle_training import ClassifierSettings
from diffeo.evaluation.settings import Settings


def constant(label: int):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """An oracle that says one class of everything."""

    return lambda x: torch.full((len(x),), label)


def test_a_consensus_is_more_than_half() -> None:
    x = torch.zeros(1, 2)
    found = [
        majority(
            votes([constant(9)] * nines + [constant(4)] * (4 - nines), x, 9)
        ).item()
        for nines in range(5)
    ]

    assert found == [False, False, False, True, True]


def test_a_consensus_is_of_each_rows_own_target() -> None:
    target = torch.tensor([4, 9, 4])
    voted = votes([constant(4), constant(4), constant(9)], torch.zeros(3, 1), target)

    assert majority(voted).tolist() == [True, False, True]


def test_oracles_are_trained_once_and_only_when_asked_for(tmp_path: Path) -> None:
    told: list[str] = []
    few = ClassifierSettings(width=1, steps=1)
    settings = Settings(
        classifiers=(few, replace(few, seed=1)), trees=2, cache=Cache(tmp_path)
    )
    oracles = Oracles(sample_digits().select(slice(50)), settings, told.append)

    assert told == []
    assert oracles.svm is oracles.svm
    assert told == ["Training a support-vector machine"]
    assert len(oracles.all) == 4
    assert len(oracles.all) == 4
    assert len(told) == 3
