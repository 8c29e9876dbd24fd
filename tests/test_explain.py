import pytest
import torch

from diffeo.ascents import NormalizedGradient
from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Typicality
from diffeo.explain import explain
from diffeo.search import Run
from laws import images, tiny_classifier, tiny_flow

MODEL = tiny_classifier(3)


def test_what_is_judged_is_an_image_and_what_is_returned() -> None:
    record = explain(
        images(4),
        MODEL,
        tiny_flow(),
        target=[0, 1, 2, 0],
        confidence=0.9,
        ascent=NormalizedGradient(0.5),
        run=Run(steps=30),
    )

    assert record.counterfactual.min() >= 0
    assert record.counterfactual.max() <= 1
    assert record.target.tolist() == [0, 1, 2, 0]
    torch.testing.assert_close(MODEL(record.counterfactual), record.outputs_after)


def test_untypical_inputs_are_marked() -> None:
    flow, x = tiny_flow(), images(5)
    density = flow.log_prob(x).sort().values
    flow.typical.copy_(density[[1, 4]])
    record = explain(x, MODEL, flow, target=0, run=Run(steps=1, batch_size=2))

    assert torch.equal(record.typical == 1, flow.log_prob(x) >= density[1])


def test_coordinates_without_a_density_do_not_know_what_is_typical() -> None:
    place = Identity((1, 4, 4))
    record = explain(images(2), MODEL, place, target=0, run=Run(steps=1))

    assert record.typical.tolist() == [Typicality.UNKNOWN] * 2


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (images(2)[:, 0], r"must be \(batch, 1, 4, 4\), got \(2, 4, 4\)"),
        (images(2) + 0.5, r"x must lie in \[0, 1\], got values from"),
        (images(2) - 0.5, r"x must lie in \[0, 1\], got values from -"),
        (images(2, (1, 8, 8)), r"must be \(batch, 1, 4, 4\), got \(2, 1, 8, 8\)"),
    ],
)
def test_images_that_cannot_be_explained_are_refused(
    x: torch.Tensor, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        explain(x, MODEL, tiny_flow(), target=0)
