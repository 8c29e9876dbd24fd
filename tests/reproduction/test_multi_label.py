import torch
from torch import nn

from diffeo.models.seeded import seeded
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule
from reproduction.multi_label import MultiLabel


def test_labels_that_do_not_exclude_each_other_are_learned() -> None:
    with seeded(0):
        model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))

    x = torch.rand(256, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    flags = x.flatten(1)[:, :3] > 0.5
    module = MultiLabel(model, Schedule(rate=0.1, warmup=1), seed=0)
    train = batches(x, flags, size=32, seed=0)
    held_out = batches(x[:32], flags[:32], size=32, seed=None)
    fit(module, train, held_out, Fit(None, 30, average=0.0, progress=False))

    assert module.right(module.model(x), flags).float().mean() > 0.95
