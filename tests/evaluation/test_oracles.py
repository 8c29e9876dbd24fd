from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from diffeo.data.labelled import LabelledImages
from diffeo.data.mnist import sample_digits
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.metrics.agreement import majority, neighbor_share, votes
from diffeo.evaluation.oracle_training import ClassifierSettings
from diffeo.evaluation.oracles import Oracles, classifier_oracle, forest, svm
from diffeo.evaluation.settings import Settings
from laws import images, tiny_classifier


def blobs(rows: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(rows) % 3
    centers = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
    noise = torch.randn(rows, 2, generator=generator)

    return (centers[labels] + noise).reshape(rows, 1, 1, 2), labels


def test_neighbor_share_agrees_with_the_reference() -> None:
    x, labels = blobs(60, 0)
    query, _ = blobs(20, 1)
    reference = KNeighborsClassifier(n_neighbors=7).fit(x.flatten(1), labels)
    expected = reference.predict_proba(query.flatten(1))[:, 2]
    found = neighbor_share(query, LabelledImages(x, labels), 2, count=7)

    np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)


def test_each_row_may_have_its_own_class() -> None:
    x, labels = blobs(60, 0)
    query, wanted = blobs(20, 1)
    found = neighbor_share(query, LabelledImages(x, labels), wanted)
    expected = [
        neighbor_share(query, LabelledImages(x, labels), label)[row]
        for row, label in enumerate(wanted.tolist())
    ]

    assert torch.equal(found, torch.stack(expected))


def test_the_oracle_answers_as_the_machine_it_is() -> None:
    x, labels = blobs(90, 0)
    query, _ = blobs(30, 1)
    machine = LinearSVC(C=0.05, dual=False, tol=1e-3).fit(x.flatten(1).double(), labels)
    oracle = svm(x, labels, penalty=0.05)

    assert oracle(query).tolist() == machine.predict(query.flatten(1).double()).tolist()
    assert (oracle(x) == labels).float().mean() > 0.8


@pytest.mark.parametrize("kept", [(0, 2), (1, 2)])
def test_the_oracle_of_two_classes_answers_as_the_reference(
    kept: tuple[int, int],
) -> None:
    x, labels = blobs(90, 0)
    rows = torch.isin(labels, torch.tensor(kept))
    query, _ = blobs(30, 1)
    machine = LinearSVC(C=0.01, dual=False, tol=1e-3)
    machine.fit(x[rows].flatten(1).double(), labels[rows])
    oracle = svm(x[rows], labels[rows], penalty=0.01)

    assert oracle(query).tolist() == machine.predict(query.flatten(1).double()).tolist()


def test_agreement_is_one_where_the_oracle_says_the_target() -> None:
    x, _ = blobs(4, 0)

    def oracle(x: torch.Tensor) -> torch.Tensor:
        return torch.arange(len(x))

    assert votes([oracle], x, 2).tolist() == [[0.0, 0.0, 1.0, 0.0]]
    assert votes([oracle], x, torch.tensor([0, 0, 2, 3])).tolist() == [[1, 0, 1, 1]]


def test_the_forest_answers_as_the_reference() -> None:
    x, labels = blobs(90, 0)
    query, _ = blobs(30, 1)
    machine = RandomForestClassifier(9, random_state=0)
    machine.fit(x.flatten(1).numpy(), labels.numpy())
    oracle = forest(x, labels, trees=9)

    assert oracle(query).tolist() == machine.predict(query.flatten(1).numpy()).tolist()


@pytest.mark.parametrize("classes", [1, 3])
def test_a_network_answers_with_its_likeliest_class(classes: int) -> None:
    x, model = images(6), tiny_classifier(classes)
    logits = model(x)
    zero = torch.zeros_like(logits)
    several = torch.cat((zero, logits), dim=1) if classes == 1 else logits

    assert torch.equal(classifier_oracle(model)(x), several.argmax(1))


def test_each_oracle_votes_for_itself() -> None:
    x, _ = blobs(4, 0)
    oracles = [
        lambda x, shift=shift: (torch.arange(len(x)) + shift) % 4 for shift in range(3)
    ]

    assert votes(oracles, x, 2).tolist() == [[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]]


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
