import pytest
import torch
from torch import nn

from diffeo.training.augmentation import RandomCrop
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule
from diffeo.training.supervised import MultiLabel, Supervised


def linear(inputs: int, outputs: int) -> nn.Module:
    torch.manual_seed(0)

    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, outputs))


def test_labels_that_do_not_exclude_each_other_are_learned() -> None:
    x = torch.rand(256, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    flags = x.flatten(1)[:, :3] > 0.5
    module = MultiLabel(linear(4, 3), Schedule(rate=0.1, warmup=1), seed=0)
    train = batches(x, flags, size=32, seed=0)
    held_out = batches(x[:32], flags[:32], size=32, seed=None)
    fit(module, train, held_out, Fit(None, 30, average=0.0, progress=False))

    assert module.right(module.model(x), flags).float().mean() > 0.95


@pytest.mark.parametrize("kind", [Supervised, MultiLabel])
def test_training_images_are_cropped_and_held_out_ones_are_not(
    kind: type[Supervised],
) -> None:
    x, small = torch.rand(8, 1, 6, 6), torch.rand(8, 1, 4, 4)
    labels = torch.arange(8) % 2
    labels = labels if kind is Supervised else torch.stack([labels, labels], 1) > 0
    module = kind(linear(16, 2), Schedule(), seed=0, crop=RandomCrop(4))
    fit(
        module,
        batches(x, labels, size=4, seed=0),
        batches(small, labels, size=4, seed=None),
        Fit(None, 1, progress=False),
    )

    assert module.global_step == 2
