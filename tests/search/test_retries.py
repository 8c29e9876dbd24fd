"""Rows whose margin no longer grows start again near their origin, or are given up."""

from dataclasses import replace

import torch
from torch import Tensor

from diffeo.ascents import Gradient, NormalizedGradient
from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.objectives import AtLeast
from diffeo.search import Run, search

RUN = Run(steps=400, patience=5, path=True, restart_noise=6.0)
X = torch.tensor([[0.2, 0.2], [0.2, -0.2], [1.0, 1.0]], dtype=torch.float64)


def hills(x: Tensor) -> Tensor:
    """Two hills: a low one at the origin, and one of height 3 at (3, 3)."""

    low = (-(x.square().sum(1)) / 0.5).exp()
    high = 3 * (-((x - 3).square().sum(1)) / 8).exp()

    return low + high


def found(run: Run = RUN, x: Tensor = X) -> Counterfactuals:
    return search(x, hills, AtLeast(2.0), Identity((2,)), NormalizedGradient(0.1), run)


def test_a_row_on_a_maximum_below_its_target_starts_again_until_it_arrives() -> None:
    without, retried = found(replace(RUN, retries=0)), found()

    assert without.outcome[0] == Outcome.STALLED
    assert retried.reached.all()
    assert retried.steps[0] > without.steps[0] + RUN.patience


def test_a_row_that_no_try_brings_nearer_is_given_up_early() -> None:
    run = replace(RUN, retries=3, restart_noise=0.0)
    record = found(run)
    stuck = record.outcome == Outcome.STALLED

    assert stuck[0]
    assert (record.margin[stuck] < 0).all()
    assert record.finished.all()


def test_the_path_holds_the_try_that_arrived_alone() -> None:
    record = found()

    for path in record.paths:
        lengths = torch.linalg.vector_norm(path.latent.diff(dim=0), dim=1)

        assert (path.steps.diff() > 0).all()
        assert (lengths < 0.1 + 1e-9).all()


def test_every_row_starts_again_as_it_would_alone() -> None:
    together = found()

    for row in range(len(X)):
        alone = found(x=X[row : row + 1])

        torch.testing.assert_close(alone.latent[0], together.latent[row])
        assert alone.steps[0] == together.steps[row]


def test_another_seed_starts_elsewhere() -> None:
    one, other = found(), found(replace(RUN, seed=1))

    assert not torch.equal(one.latent[0], other.latent[0])


def test_steps_that_shorten_to_nothing_end_a_row() -> None:
    record = search(
        torch.zeros(1, 2),
        lambda x: x.sum(1).tanh(),
        AtLeast(2.0),
        Identity((2,)),
        Gradient(1e-12),
        Run(retries=0),
    )

    assert record.outcome.tolist() == [Outcome.STALLED]
