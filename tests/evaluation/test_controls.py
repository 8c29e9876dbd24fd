from dataclasses import replace

import pytest
import torch
from torch import nn

from diffeo.coordinates.identity import Identity
from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.controls import noise, originals, real
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.task import Task
from diffeo.objectives import AtLeast, TargetClass
from laws import SHAPE, images
from records import record


class Bright(nn.Module):
    """Three logits, of which the middle one wants a bright first pixel."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bright = 40 * (x.flatten(1)[:, :1] - 0.5)

        return torch.cat((-bright, bright, -50 + 0 * bright), dim=1)


def reference() -> Reference:
    data = LabelledImages(images(12, seed=5), torch.arange(12) % 3)

    return Reference(data, data)


def task(confidence: float = 0.99) -> Task:
    return Task(Bright().eval(), Identity(SHAPE), TargetClass(1, confidence))


def test_originals_are_unchanged_and_asked_of_the_model() -> None:
    x = images(3)
    x[:, 0, 0, 0] = torch.tensor([0.1, 0.9, 0.5])
    control, judged = originals(record(x, x + 0.1), task())

    assert torch.equal(control.counterfactual, x)
    assert control.reached.tolist() == [False, True, False]
    assert judged.all()
    assert control.seconds.isnan().all()
    assert control.reconstruction.isnan().all()


def test_real_data_are_of_the_target_class_and_used_once() -> None:
    x = images(6)
    control, judged = real(record(x, x), task(0.5), reference())

    assert torch.equal(control.counterfactual[:4], reference().held_out.of(1))
    assert judged.tolist() == [True] * 4 + [False] * 2


def test_real_data_of_a_regressor_have_values_at_the_target() -> None:
    x, values = images(6), torch.linspace(0, 1, 12, dtype=torch.float64)
    data = LabelledImages(images(12, seed=5), values)
    asked = Task(lambda x: x.flatten(1).mean(1), Identity(SHAPE), AtLeast(0.8))
    level = x.flatten(1).mean(1)
    found = replace(record(x, x), outputs_before=level, outputs_after=level)
    control, judged = real(found, asked, Reference(data, data))

    assert torch.equal(control.counterfactual[:3], data.images[values >= 0.8])
    assert judged.tolist() == [True] * 3 + [False] * 3

    high = Task(asked.model, asked.coordinates, AtLeast(2.0))

    with pytest.raises(ValueError, match="values at the target, got none"):
        real(found, high, Reference(data, data))


@pytest.mark.parametrize("share", [0.01, 0.5])
def test_noise_is_as_long_as_the_change_and_stays_in_range(share: float) -> None:
    x = images(4)
    after = (1 - share) * x + share * images(4, seed=1)
    after[3] = x[3]
    control = noise(record(x, after), task()).record
    change = (control.counterfactual - x).flatten(1).norm(dim=1)

    torch.testing.assert_close(change, (after - x).flatten(1).norm(dim=1))
    assert control.counterfactual.min() >= 0
    assert control.counterfactual.max() <= 1


def test_noise_of_a_row_does_not_depend_on_its_neighbors() -> None:
    x, after = images(4), images(4, seed=1)
    together = noise(record(x, after), task()).record
    alone = noise(record(x[2:3], after[2:3]), task()).record

    torch.testing.assert_close(together.counterfactual[2:3], alone.counterfactual)
