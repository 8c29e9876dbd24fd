from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from diffeo.ascents import NormalizedGradient
from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.objectives import AtLeast, TargetClass
from diffeo.search import Run, search
from laws import images, tiny_classifier, tiny_flow

X = images(6, seed=5)
RUN = Run(steps=30, batch_size=4, refine=0, reserve=0.05, path=True)


@cache
def run(refine: int) -> Counterfactuals:
    return search(
        X,
        tiny_classifier(3),
        TargetClass(2, confidence=0.9),
        tiny_flow(),
        NormalizedGradient(0.5),
        replace(RUN, refine=refine),
    )


def length(z: Tensor) -> Tensor:
    lengths: Tensor = z.norm(dim=1)

    return lengths


@pytest.mark.parametrize("looks", [1, 2, 6])
def test_a_refined_row_keeps_its_reserve_and_is_no_further_from_its_origin(
    looks: int,
) -> None:
    rough, fine = run(0), run(looks)
    searched = rough.outcome == Outcome.REACHED

    assert searched.sum() >= 3
    assert torch.equal(rough.outcome, fine.outcome)
    assert torch.equal(rough.steps, fine.steps)
    assert (fine.margin[searched] >= RUN.reserve).all()

    near, far = length(fine.latent - fine.origin), length(rough.latent - rough.origin)
    assert (near <= far).all()
    assert (near < far)[searched].any()


def test_a_refined_row_lies_on_its_last_step() -> None:
    rough, fine = run(0), run(3)

    for row in (rough.outcome == Outcome.REACHED).nonzero()[:, 0].tolist():
        ahead = rough.latent[row]
        behind = rough.paths[row].latent[-2]
        split = (fine.latent[row] - behind).norm() + (ahead - fine.latent[row]).norm()

        torch.testing.assert_close(split, (ahead - behind).norm())


def test_many_looks_find_the_crossing() -> None:
    record = run(12)
    searched = record.outcome == Outcome.REACHED

    assert (record.margin[searched] < RUN.reserve + 1e-3).all()


def test_the_path_ends_where_the_row_landed() -> None:
    record = run(2)
    searched = record.outcome == Outcome.REACHED

    for row in searched.nonzero()[:, 0].tolist():
        assert torch.equal(record.paths[row].latent[-1], record.latent[row])
        assert torch.equal(record.paths[row].margin[-1], record.margin[row])


class Sum(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1).sum(1)


def test_one_look_suffices_where_the_margin_is_straight() -> None:
    x = torch.zeros(2, 1, 2, 2, dtype=torch.float64)
    how = Run(steps=9, reserve=0.1, refine=1, batch_size=2)
    record = search(
        x,
        Sum().eval(),
        AtLeast(1.0),
        Identity((1, 2, 2)),
        NormalizedGradient(0.4),
        how,
    )

    # Two steps of 0.4 along the diagonal add 0.8 each; a twentieth of the last is kept.
    expected = torch.full_like(record.margin, 0.1 + 0.05 * 0.8)
    torch.testing.assert_close(record.margin, expected)
