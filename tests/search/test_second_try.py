"""Rows whose margin no longer grows try again along averaged gradients, or end."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from diffeo.ascents import Gradient, NormalizedGradient
from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.objectives import AtLeast
from diffeo.search import Run, search

STEP = 0.1
RUN = Run(steps=200, patience=10, path=True)
X = torch.tensor([[0.1, 0.05], [1.0, 1.0], [-0.05, 0.1]], dtype=torch.float64)


def bumpy(x: Tensor) -> Tensor:
    """A hill of height 3 at (3, 3), and a steep bump on its slope at the origin."""

    hill = 3 * (-((x - 3).square().sum(1)) / 8).exp()
    bump = 0.3 * (-(x.square().sum(1)) / 0.05).exp()

    return hill + bump


def found(run: Run = RUN, x: Tensor = X, *, value: float = 2.0) -> Counterfactuals:
    rule = NormalizedGradient(STEP)

    return search(x, bumpy, AtLeast(value), Identity((2,)), rule, run)


def test_a_row_on_a_maximum_below_its_target_arrives_all_the_same() -> None:
    record = found()

    assert record.reached.all()
    assert record.steps[0] > RUN.patience
    assert record.steps[1] < record.steps[0]


def test_a_row_that_nothing_brings_nearer_is_given_up_early() -> None:
    record = found(value=4.0)

    assert (record.outcome == Outcome.STALLED).all()
    assert (record.steps < RUN.steps).all()
    assert record.finished.all()


def test_patience_beyond_all_steps_lets_a_row_run_out_of_them() -> None:
    record = found(replace(RUN, patience=1000))

    assert record.outcome[0] == Outcome.EXHAUSTED


def test_a_row_on_a_wide_maximum_arrives_from_nearer_to_zero() -> None:
    def two_hills(x: Tensor) -> Tensor:
        near = 3 * (-((x + 1).square().sum(1)) / 8).exp()

        return near + 1.5 * (-((x - 4).square().sum(1)) / 2).exp()

    x = torch.tensor([[4.1, 4.0]], dtype=torch.float64)
    parts = two_hills, AtLeast(2.0), Identity((2,)), NormalizedGradient(STEP)
    record, once = search(x, *parts, RUN), search(x, *parts, replace(RUN, retries=1))

    assert record.reached.all()
    assert once.outcome.tolist() == [Outcome.STALLED]
    assert torch.equal(record.paths[0].latent[0], x[0] / 2)


def test_a_row_that_may_not_try_again_ends_where_it_stalled() -> None:
    record, once = found(replace(RUN, retries=0)), found(replace(RUN, retries=1))

    assert record.outcome[0] == Outcome.STALLED
    assert record.steps[0] <= RUN.patience
    assert once.steps[0] > RUN.patience


@pytest.mark.parametrize("value", [2.0, 4.0])
def test_a_path_leads_to_its_point_in_single_steps(value: float) -> None:
    record = found(value=value)

    for row, path in enumerate(record.paths):
        lengths = torch.linalg.vector_norm(path.latent.diff(dim=0), dim=1)

        assert torch.equal(path.latent[0], record.origin[row])
        assert torch.equal(path.latent[-1], record.latent[row])
        assert path.steps[-1] == record.steps[row]
        assert (path.steps.diff() > 0).all()
        assert (lengths < STEP + 1e-9).all()


def test_every_row_tries_again_as_it_would_alone() -> None:
    together = found()

    for row in range(len(X)):
        alone = found(x=X[row : row + 1])

        torch.testing.assert_close(alone.latent[0], together.latent[row])
        assert alone.steps[0] == together.steps[row]


def test_an_interrupt_of_the_second_try_keeps_the_others() -> None:
    rows: list[int] = []

    def interrupted(x: Tensor) -> Tensor:
        rows.append(len(x))

        if len(x) > len(X):  # the coordinates near a row that stalled
            raise KeyboardInterrupt

        return bumpy(x)

    record = search(
        X, interrupted, AtLeast(2.0), Identity((2,)), NormalizedGradient(STEP), RUN
    )

    assert max(rows) > len(X)
    assert record.outcome[1] == Outcome.REACHED
    assert (record.outcome == Outcome.INTERRUPTED).any()


def test_steps_that_are_too_short_to_gain_end_a_row() -> None:
    x, rule = torch.ones(1, 2), Gradient(1e-12)
    record = search(x, lambda x: x.sum(1).tanh(), AtLeast(2.0), Identity((2,)), rule)

    assert record.outcome.tolist() == [Outcome.STALLED]
