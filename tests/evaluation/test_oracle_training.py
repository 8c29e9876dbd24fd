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
)

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
    strangers, own = (
        im1(x, source=flat(x), target=tall(x))
        for x in (bars(50, upright=upright, seed=1) for upright in (False, True))
    )

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
