"""Come as near to the factual as the target allows, once it is reached."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from diffeo.ascents.protocol import dot, unit
from diffeo.distances import Distance
from diffeo.objectives import Point
from diffeo.search.problem import Problem, Rows, select, where
from diffeo.search.state import Best
from diffeo.shapes import Flags, Latent, Scores

__all__ = ["come_closest", "lengths"]

PARALLEL = 4.0  # degrees between the gradients at which a row is as near as can be
NEAR, FAR = 2.0, 5.0  # tolerances past the target: where steps aim, rows end at most
FIRST = 0.1  # share of the way back to the origin that the first step goes
LEAST, MOST = 0.02, 0.3  # the same share in later steps
INERTIA = 0.3  # share of a step that the next goes on with
GROWTH = 1.3  # of the longest step, after one that came nearer
LOST = 0.15  # share of the way back to the margin of the factual, that is too much
REACH = 0.2  # longest step at first, as a share of the distance from the origin


class _Slopes(NamedTuple):
    """Where rows stand, and how margin and distance change there.

    Args:
        z: The coordinates.
        margin: How far past the target.
        rise: The gradient of the margin.
        length: How far from the factual.
        pull: The gradient of half the squared distance.
    """

    z: Latent
    margin: Scores
    rise: Latent
    length: Scores
    pull: Latent

    @property
    def along(self) -> Latent:
        """The pull along the surface of one margin."""

        return _without(self.pull, unit(self.rise))

    @property
    def angle(self) -> Scores:
        """The angle between both gradients, in degrees."""

        cosine = dot(unit(self.rise), unit(self.pull))[:, 0]

        return cosine.clamp(-1, 1).arccos().rad2deg()


class _State(NamedTuple):
    """Rows that may come nearer.

    Args:
        rows: What is known of each.
        reference: The features of its factual.
        here: Where it stands.
        rate: By how much of the pull along the surface its last step went.
        reach: Length of its longest step, as a share of the distance from the origin.
        move: The part of its last step along the surface.
        best: The nearest point at the target.
        top: The slopes there.
    """

    rows: Rows
    reference: Tensor
    here: _Slopes
    rate: Tensor
    reach: Tensor
    move: Latent
    best: Best
    top: _Slopes


class _Closest(NamedTuple):
    """The problem of the nearest point at a target."""

    problem: Problem
    distance: Distance

    def begin(self, rows: Rows, best: Best) -> _State:
        """Return rows that have taken no step."""

        with torch.no_grad():
            reference = self.distance.features(rows.factual, rows.origin)

        _, here = self.slopes(best.latent, rows, reference)
        rate = FIRST * _share(here, rows)
        reach, still = torch.full_like(rate, REACH), torch.zeros_like(here.z)

        return _State(rows, reference, here, rate, reach, still, best, here)

    def slopes(self, z: Latent, rows: Rows, reference: Tensor) -> tuple[Point, _Slopes]:
        """Evaluate the margin, the distance and their gradients."""

        z = z.detach().requires_grad_()
        point = self.problem.evaluate(z, rows)
        margin = self.problem.objective.margin(point, rows.memory)
        change = self.distance.features(point.data, z) - reference
        (rise,) = torch.autograd.grad(margin.sum(), z, retain_graph=True)
        (pull,) = torch.autograd.grad(change.square().sum() / 2, z)
        length = torch.linalg.vector_norm(change.detach(), dim=1)

        return point, _Slopes(z.detach(), margin.detach(), rise, length, pull)

    def step(self, state: _State) -> _State:
        """Go down the distance along the surface, and back to the surface.

        A row that has lost its target goes back to its best point, for shorter steps.
        """

        here, rows, top = state.here, state.rows, state.top
        normal = unit(here.rise)
        reach = state.reach * _far(here, rows)
        move = INERTIA * _without(state.move, normal) - state.rate * here.along
        move = move * (reach / _norm(move)).clamp_max(1)
        missing = (NEAR * rows.tolerance - here.margin)[:, None] / _norm(here.rise)
        back = missing.nan_to_num().maximum(-reach).minimum(reach) * normal
        point, there = self.slopes(here.z + move + back, rows, state.reference)
        nearer = (there.margin >= rows.tolerance) & (there.length <= top.length)
        top = where(nearer, there, top)
        lost = there.margin < LOST * rows.margin.clamp_max(0)

        return state._replace(
            here=where(lost, top, there),
            rate=_rate(state, there),
            reach=_reach(state.reach, nearer, lost),
            move=where(lost, torch.zeros_like(move), move),
            best=state.best.improve(nearer, point, there.margin),
            top=top,
        )


def come_closest(
    problem: Problem,
    rows: Rows,
    best: Best,
    distance: Distance,
    *,
    steps: int,
) -> tuple[Best, Scores]:
    """Move rows that reached their targets as near to their factuals as they may come.

    Minimize D(z) subject to margin(z) ≥ tolerance. A step goes down the gradient of
    ½D² along the surface of one margin, and along the normal back to the target. Its
    length follows from how that gradient has changed, and some of the last step is gone
    on with. A row is done once the gradients of distance and margin are parallel, but
    for a few degrees. No row ends further from its factual than it began.

    Source: Dombrowski et al., 2024, equation (3), for the problem; Rosen, 1960, The
    gradient projection method for nonlinear programming; Barzilai and Borwein, 1988,
    Two-point step size gradient methods.

    Args:
        problem: What is searched, in full precision.
        rows: What is known of the rows.
        best: Where they came to their targets.
        distance: What to minimize.
        steps: Most steps.

    Returns:
        The nearest points found, and the angles there between the gradients of distance
        and margin, in degrees: 0 where no point nearby is nearer. NaN for rows that
        have taken no step or not reached their targets.

    Example:
        >>> from diffeo import AtLeast, Identity, NormalizedGradient
        >>> from diffeo.distances import LatentDistance
        >>> from diffeo.search.state import State
        >>> parts = AtLeast(1.0), Identity((2,)), NormalizedGradient(0.5)
        >>> problem = Problem(lambda x: x.sum(1), *parts)
        >>> z, start = torch.zeros(1, 2), torch.tensor([[1.1, 0.0]])
        >>> rows = problem.begin(z, z, typical=None)
        >>> there, best = torch.tensor([True]), State.begin(rows, start, ()).best
        >>> best = best.improve(there, problem.evaluate(start, rows), rows.margin + 1.1)
        >>> best = best._replace(steps=best.steps + 1, done=there)
        >>> near, _ = come_closest(problem, rows, best, LatentDistance(), steps=50)
        >>> near.latent.round(decimals=1)
        tensor([[0.5000, 0.5000]])
    """

    angle = torch.full_like(best.margin, math.nan)
    reached = best.done & ~best.failed & (best.steps > 0) & (best.margin >= 0)
    index = reached.nonzero()[:, 0]

    if len(index) == 0:
        return best, angle

    search = _Closest(problem, distance)
    state = search.begin(select(rows, index), select(best, index))

    for left in reversed(range(steps + 1)):
        done = _done(state) if left else torch.ones_like(state.best.done)
        row = state.best.row[done]
        best = best.replace(row, select(state.best, done))
        angle = angle.index_copy(0, row, state.top.angle[done])
        state = select(state, ~done)

        if len(state.best.row) == 0:
            break

        state = search.step(state)

    return best, angle


def lengths(distance: Distance, rows: Rows, best: Best) -> Scores:
    """Return the distance of each row from its factual.

    Example:
        >>> from diffeo import AtLeast, Identity, NormalizedGradient
        >>> from diffeo.distances import LatentDistance
        >>> from diffeo.search.state import State
        >>> parts = AtLeast(1.0), Identity((2,)), NormalizedGradient(0.5)
        >>> problem = Problem(lambda x: x.sum(1), *parts)
        >>> z, start = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]])
        >>> rows = problem.begin(z, z, typical=None)
        >>> lengths(LatentDistance(), rows, State.begin(rows, start, ()).best)
        tensor([5.])
    """

    with torch.no_grad():
        change = distance.features(best.data, best.latent) - distance.features(
            rows.factual, rows.origin
        )

    length: Scores = torch.linalg.vector_norm(change, dim=1)

    return length


def _done(state: _State) -> Flags:
    """Return which rows are as near as can be, or have no way on."""

    here, top = state.here, state.top
    finite = here.margin.isfinite() & here.rise.isfinite().all(1)
    there = (here.z == top.z).all(1) & (top.margin <= FAR * state.rows.tolerance)

    return (there & (top.angle <= PARALLEL)) | ~finite


def _rate(state: _State, there: _Slopes) -> Tensor:
    """Return the share of the pull that the next step goes by, shape (batch, 1)."""

    step, change = there.z - state.here.z, there.along - state.here.along
    curvature = dot(step, change)
    rate = torch.where(curvature > 0, curvature / dot(change, change), state.rate)
    share = _share(there, state.rows)

    return rate.maximum(LEAST * share).minimum(MOST * share)


def _reach(reach: Tensor, nearer: Flags, lost: Flags) -> Tensor:
    """Return the share that the next steps may go: shorter after a loss."""

    grown = where(nearer, reach * GROWTH, reach)

    return where(lost, reach / 2, grown.clamp_max(REACH))


def _share(here: _Slopes, rows: Rows) -> Tensor:
    """Return the rate at which a step of the whole pull would end at the origin."""

    return _far(here, rows) / _norm(here.pull)


def _far(here: _Slopes, rows: Rows) -> Tensor:
    return _norm(here.z - rows.origin)


def _without(vector: Latent, normal: Latent) -> Latent:
    return vector - dot(vector, normal) * normal


def _norm(vector: Tensor) -> Tensor:
    length: Tensor = torch.linalg.vector_norm(vector, dim=1, keepdim=True)

    return length.clamp_min(torch.finfo(length.dtype).eps)
