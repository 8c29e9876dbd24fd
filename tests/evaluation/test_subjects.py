import pytest
import torch
from torch import nn

from diffeo.counterfactuals import Outcome
from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.subjects import noise, of_record, originals, real
from laws import images
from records import record


class Bright(nn.Module):
    """Three logits, of which the middle one wants a bright first pixel."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bright = 40 * (x.flatten(1)[:, :1] - 0.5)

        return torch.cat((-bright, bright, -50 + 0 * bright), dim=1)


def reference() -> Reference:
    data = LabelledImages(images(12, seed=5), torch.arange(12) % 3)

    return Reference(data, data)


def test_only_rows_at_their_target_are_judged() -> None:
    some = record(images(3), images(3, seed=1))
    some.outcome[1] = Outcome.EXHAUSTED
    subject = of_record(some)

    assert subject.judged.tolist() == [True, False, True]
    assert subject.success.tolist() == [True, False, True]
    assert subject.source_class.tolist() == [0, 0, 0]
    assert subject.target_class.tolist() == [1, 1, 1]


def test_originals_are_unchanged_and_asked_of_the_model() -> None:
    x = images(3)
    x[:, 0, 0, 0] = torch.tensor([0.1, 0.9, 0.5])
    control = originals(of_record(record(x, x + 0.1)), Bright().eval(), 0.99)

    assert torch.equal(control.counterfactual, x)
    assert control.success.tolist() == [False, True, False]
    assert control.judged.all()
    assert control.seconds.isnan().all()


def test_real_data_are_of_the_target_class_and_used_once() -> None:
    x = images(6)
    control = real(of_record(record(x, x)), reference(), Bright().eval(), 0.5)

    assert torch.equal(control.counterfactual[:4], reference().held_out.of(1))
    assert control.judged.tolist() == [True] * 4 + [False] * 2


@pytest.mark.parametrize("share", [0.01, 0.5])
def test_noise_is_as_long_as_the_change_and_stays_in_range(share: float) -> None:
    x = images(4)
    after = (1 - share) * x + share * images(4, seed=1)
    after[3] = x[3]
    control = noise(of_record(record(x, after)), Bright().eval(), 0.99)
    change = (control.counterfactual - x).flatten(1).norm(dim=1)

    torch.testing.assert_close(change, (after - x).flatten(1).norm(dim=1))
    assert control.counterfactual.min() >= 0
    assert control.counterfactual.max() <= 1


def test_noise_of_a_row_does_not_depend_on_its_neighbors() -> None:
    x, after = images(4), images(4, seed=1)
    model = Bright().eval()
    together = noise(of_record(record(x, after)), model, 0.99).counterfactual
    alone = noise(of_record(record(x[2:3], after[2:3])), model, 0.99).counterfactual

    torch.testing.assert_close(together[2:3], alone)
