from pathlib import Path

import pytest
import torch

from diffeo.data.mnist import sample_digits
from reproduction.mnist.classifiers import (
    OTHERS,
    RECIPES,
    SEEDS,
    SMOOTH,
    Distortion,
    other_classifiers,
    trained_classifiers,
)


def test_distortion_changes_training_images_only() -> None:
    x = sample_digits().images[:20]
    layer = Distortion()
    distorted = layer(x)

    assert ((distorted - x).flatten(1).norm(dim=1) > 1).all()
    assert 0 <= distorted.min() <= distorted.max() <= 1
    assert layer.eval()(x) is x


def test_distortion_of_no_strength_changes_nothing() -> None:
    x = sample_digits().images[:5]

    torch.testing.assert_close(Distortion(0, 0, 0, 0)(x), x)


def test_distortion_keeps_a_digit_what_it_is() -> None:
    x = sample_digits().images[:20]
    brightness = Distortion(noise=0)(x).sum((1, 2, 3)) / x.sum((1, 2, 3))

    assert 0.6 < brightness.min() < 1 < brightness.max() < 1.6  # by its size alone


def test_classifiers_are_trained_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIFFEO_CACHE", str(tmp_path))
    train = sample_digits().select(slice(64))
    found = other_classifiers(train, quick=True)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = other_classifiers(train, quick=True)

    assert tuple(found) == OTHERS
    assert len(kept) == 2
    assert kept == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}

    for name, model in found.items():
        assert model(train.images).shape == (64, 10)
        assert not any(each.requires_grad for each in model.parameters())
        assert torch.equal(model(train.images), again[name](train.images))


def test_all_recipes_can_be_built_and_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIFFEO_CACHE", str(tmp_path))
    train = sample_digits().select(slice(32))
    found = trained_classifiers(RECIPES, train, quick=True)
    logits = [model(train.images) for model in found.values()]

    assert set(found) == {*OTHERS, *SEEDS, SMOOTH}
    assert all(
        not torch.allclose(one, other)
        for place, one in enumerate(logits)
        for other in logits[:place]
    )
