import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.metrics.agreement import neighbor_share, share_of_oracles
from diffeo.evaluation.oracles import classifier_oracle, forest, svm
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

    assert share_of_oracles([oracle], x, 2).tolist() == [0.0, 0.0, 1.0, 0.0]
    assert share_of_oracles([oracle], x, torch.tensor([0, 0, 2, 3])).tolist() == [
        1,
        0,
        1,
        1,
    ]


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


def test_agreement_is_the_share_of_oracles_that_agree() -> None:
    x, _ = blobs(4, 0)
    oracles = [
        lambda x, shift=shift: (torch.arange(len(x)) + shift) % 4 for shift in range(3)
    ]

    np.testing.assert_allclose(
        share_of_oracles(oracles, x, 2), [1 / 3, 1 / 3, 1 / 3, 0]
    )
