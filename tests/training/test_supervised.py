import torch
from torch import nn

from diffeo.training.augmentation import RandomCrop
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule
from diffeo.training.supervised import Supervised


def test_training_images_are_cropped_and_held_out_ones_are_not() -> None:
    x, small = torch.rand(8, 1, 6, 6), torch.rand(8, 1, 4, 4)
    labels = torch.arange(8) % 2
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    module = Supervised(model, Schedule(), seed=0, crop=RandomCrop(4))
    fit(
        module,
        batches(x, labels, size=4, seed=0),
        batches(small, labels, size=4, seed=None),
        Fit(None, 1, progress=False),
    )

    assert module.global_step == 2
