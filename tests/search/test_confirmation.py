from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from diffeo.ascents import Ascent, NormalizedGradient, Polyak
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.inference import inference_form
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.objectives import Point, TargetClass
from diffeo.search import Run, search
from laws import images, tiny_classifier, tiny_flow

X = images(6, seed=5)
MODEL, OBJECTIVE = tiny_classifier(3), TargetClass(2, confidence=0.9)
RUN = Run(steps=30, batch_size=4, line_search_steps=0)
TOLERANCE = 0.02


@dataclass(frozen=True, eq=False)
class Off:
    """Coordinates that decode a little further along than they say."""

    coordinates: Coordinates
    factor: float

    def encode(self, x: Tensor) -> Tensor:
        return self.coordinates.encode(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.coordinates.decode(z * self.factor)


@dataclass(frozen=True, eq=False)
class Rough:
    """Coordinates whose form of lower precision is wrong by a factor."""

    coordinates: Coordinates
    factor: float

    def encode(self, x: Tensor) -> Tensor:
        return self.coordinates.encode(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.coordinates.decode(z)

    def inference(
        self, *, dtype: torch.dtype | None, invertible: bool
    ) -> Coordinates | None:
        if invertible:
            return None

        return self.coordinates if dtype is None else Off(self.coordinates, self.factor)


def run(factor: float, how: Run, ascent: Ascent | None = None) -> Counterfactuals:
    place = Rough(tiny_flow(), factor)

    return search(X, MODEL, OBJECTIVE, place, ascent or NormalizedGradient(0.4), how)


def margin_of(record: Counterfactuals) -> Tensor:
    """The margin of what is returned, decoded in full precision."""

    def point(data: Tensor) -> Point:
        return Point(data, record.latent, MODEL(data), X, record.origin)

    return OBJECTIVE.margin(
        point(tiny_flow().decode(record.latent)), OBJECTIVE.start(point(X))
    ).detach()


@pytest.mark.parametrize(
    ("factor", "ascent", "evaluations"),
    [
        (0.8, NormalizedGradient(0.4), 2),
        (1.03, Polyak(NormalizedGradient(0.5)), 2),
        (1.2, NormalizedGradient(0.4), 0),
        (1.2, Polyak(NormalizedGradient(0.5)), 2),
    ],
)
def test_what_seemed_to_arrive_goes_on_until_it_does(
    factor: float, ascent: Ascent, evaluations: int
) -> None:
    how = replace(RUN, precision=torch.bfloat16, line_search_steps=evaluations)
    record = run(factor, how, ascent)
    searched = record.outcome == Outcome.REACHED
    margin = margin_of(record)

    torch.testing.assert_close(margin, record.margin, rtol=0, atol=1e-9)
    assert torch.equal(record.reached, margin >= 0)
    assert (margin[searched] >= TOLERANCE).all()
    assert searched.float().mean() > 0.6


def test_the_confirmation_is_what_keeps_wrong_arrivals_out() -> None:
    wrong = search(X, MODEL, OBJECTIVE, Off(tiny_flow(), 1.2), None, RUN)

    assert (margin_of(wrong)[wrong.reached] < 0).any()


def test_no_row_ends_below_its_start() -> None:
    how = replace(RUN, steps=2, precision=torch.bfloat16)
    record = run(0.5, how, NormalizedGradient(1e-3))
    begin = search(X, MODEL, OBJECTIVE, tiny_flow(), None, replace(RUN, path=True))

    assert all(
        margin >= path.margin[0]
        for margin, path in zip(record.margin, begin.paths, strict=True)
    )


def test_full_precision_is_the_same_with_and_without_proposals() -> None:
    one, other = run(1.0, RUN), run(1.0, replace(RUN, precision=torch.bfloat16))

    torch.testing.assert_close(one.latent, other.latent, rtol=0, atol=1e-9)
    assert torch.equal(one.steps, other.steps)


def test_bounds_have_the_inference_form_of_what_is_inside() -> None:
    place = Bounded(Rough(tiny_flow(), 1.2))
    form = inference_form(place, dtype=torch.bfloat16)

    assert isinstance(form, Bounded)
    assert isinstance(form.coordinates, Off)
