from pathlib import Path

import torch

from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.metrics.realism import im1
from diffeo.evaluation.oracle_training import (
    AutoencoderSettings,
    ClassifierSettings,
    trained_autoencoder,
    trained_classifier,
    trained_svm,
)
from diffeo.evaluation.oracles import svm

SMALL = AutoencoderSettings(latent=1, hidden=(16,), steps=250, size=32, rate=1e-2)


def bars(rows: int, *, upright: bool, seed: int = 0) -> torch.Tensor:
    """Images of 8×8 pixels with one bright row, or one bright column."""

    generator = torch.Generator().manual_seed(seed)
    place = torch.randint(8, (rows,), generator=generator)
    lines = torch.eye(8)[place][:, None, :, None].expand(-1, 1, 8, 8)
    noise = torch.rand(rows, 1, 8, 8, generator=generator)

    return 0.8 * (lines.mT if upright else lines) + 0.2 * noise


def test_an_autoencoder_knows_its_own_class_best(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    flat, tall = (
        trained_autoencoder(bars(256, upright=upright), SMALL, cache)
        for upright in (False, True)
    )
    strangers = im1(bars(50, upright=False, seed=1), source=flat, target=tall)
    own = im1(bars(50, upright=True, seed=1), source=flat, target=tall)

    assert strangers.mean() > 1.1
    assert own.mean() < 0.9
    assert len(list(tmp_path.iterdir())) == 2


def test_a_training_is_repeatable_and_depends_on_its_seed(tmp_path: Path) -> None:
    x = bars(64, upright=True)
    few = AutoencoderSettings(latent=1, hidden=(4,), steps=5)
    other = AutoencoderSettings(latent=1, hidden=(4,), steps=5, seed=1)
    one = trained_autoencoder(x, few, Cache(tmp_path / "one"))(x)
    same = trained_autoencoder(x, few, Cache(tmp_path / "two"))(x)

    torch.testing.assert_close(one, same, rtol=0, atol=1e-2)  # bfloat16 rounds
    assert not torch.equal(
        one, trained_autoencoder(x, other, Cache(tmp_path / "one"))(x)
    )


def test_a_classifier_learns_its_classes(tmp_path: Path) -> None:
    x = torch.cat((bars(128, upright=False), bars(128, upright=True)))
    labels = torch.arange(256) // 128
    settings = ClassifierSettings(width=4, steps=200, size=32)
    model = trained_classifier(LabelledImages(x, labels), settings, Cache(tmp_path))
    unseen = torch.cat(
        (bars(50, upright=False, seed=1), bars(50, upright=True, seed=1))
    )
    right = model(unseen).argmax(1) == torch.arange(100) // 50

    assert right.float().mean() > 0.9


def test_the_linear_machine_answers_alike_from_the_cache(tmp_path: Path) -> None:
    x = torch.cat((bars(64, upright=False), bars(64, upright=True)))
    data = LabelledImages(x, torch.arange(128) // 64)
    expected = svm(data.images, data.labels, penalty=0.01)(x)

    for _ in range(2):
        assert torch.equal(trained_svm(data, 0.01, Cache(tmp_path))(x), expected)

    assert len(list(tmp_path.iterdir())) == 1
    trained_svm(data, 0.02, Cache(tmp_path))
    assert len(list(tmp_path.iterdir())) == 2
