"""An objective that several models are to meet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from diffeo.answers import ask, check_outputs
from diffeo.objectives.protocol import Point, check_rows
from diffeo.objectives.wrapping import WrappingObjective
from diffeo.shapes import Data, Memory, Model, Outputs, Scores
from diffeo.without_grad import without_grad

__all__ = ["Agreed", "Needed", "asked", "seen_by", "weigh"]

Needed = int | Literal["all", "most", "any"]


@dataclass(frozen=True)
class Agreed(WrappingObjective):
    """Bring several models to the target of one objective.

    The model of the search is the first of K; its outputs are those that are recorded.
    With q of them needed, the margin is the q-th largest. The score is a mean over the
    q models of the largest margins, each weighted by what it still misses; where none
    misses anything, all weigh alike. On 40 fours to become nines for three classifiers
    all arrived in 8.1 steps on average and 23 at most; 8.9 and 44 by the score of the
    one furthest behind, which turns from model to model; 10.8 and 64 by the plain mean.

    What a row must remember, such as the answer to get away from, is the first
    model's. Targets with two sides are treated as if they had one. An average over
    nearby coordinates belongs around this objective, where it decodes once for all
    models: `Smoothed(Agreed(...))`.

    Args:
        objective: What each of the models is to answer.
        models: Further models of the same outputs, from data to logits or values, in
            evaluation mode.
        needed: How many of the K models must be at the target: "all", "most" (more
            than half), "any", or a number from 1 to K.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> x, goal = torch.zeros(1, 2), Agreed(AtLeast(2.0), [lambda x: x[:, 0]])
        >>> found = search(x, lambda x: x.sum(1), goal, Identity((2,)))
        >>> bool(found.counterfactual[0, 0] >= 2)
        True
    """

    models: Sequence[Model]
    needed: Needed = field(default="all", kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "models", tuple(self.models))
        several = 1 + len(self.models)

        if self._needed not in range(1, several + 1):
            raise ValueError(
                f"needed must be 'all', 'most', 'any' or a number from 1 to the "
                f"{several} models, got {self.needed}"
            )

    def start(self, point: Point) -> Memory:
        """Return what the objective remembers, once all models have been checked.

        Raises:
            ValueError: If a model is in training mode, fails, or returns outputs that
                are unlike those of the first model or not wanted by the objective.
        """

        for number, model in enumerate(self.models):
            self._check(model, f"models[{number}]", point)

        return self.objective.start(point)

    def score(self, point: Point, memory: Memory) -> Scores:
        """Return the mean of the scores needed, weighted by what each misses."""

        best = self._margins(point, memory).detach().topk(self._needed, dim=0)
        scores = self._of_each(self.objective.score, point, memory)

        return weigh(scores.gather(0, best.indices), best.values)

    def margin(self, point: Point, memory: Memory) -> Scores:
        """Return the q-th largest margin of the models."""

        return self._margins(point, memory).topk(self._needed, dim=0).values[-1]

    def tolerance(self, point: Point, memory: Memory) -> Scores:
        """Return the tolerance for the model of the q-th largest margin."""

        last = self._margins(point, memory).topk(self._needed, dim=0).indices[-1:]
        tolerances = self._of_each(self.objective.tolerance, point, memory)

        return tolerances.gather(0, last)[0]

    @property
    def _needed(self) -> int:
        several = 1 + len(self.models)
        words = {"all": several, "most": several // 2 + 1, "any": 1}

        return (
            self.needed if isinstance(self.needed, int) else words.get(self.needed, 0)
        )

    def _margins(self, point: Point, memory: Memory) -> Float[Tensor, "models batch"]:
        return self._of_each(self.objective.margin, point, memory)

    def _of_each(
        self, rule: Callable[[Point, Memory], Scores], point: Point, memory: Memory
    ) -> Float[Tensor, "models batch"]:
        """Return what a rule says of the point as each of the models sees it."""

        points = [point, *(seen_by(model, point) for model in self.models)]

        return torch.stack([rule(each, memory) for each in points])

    def _check(self, model: Model, name: str, point: Point) -> None:
        outputs = asked(model, name, point.data)

        if outputs.shape != point.outputs.shape:
            raise ValueError(
                f"{name} must return outputs of the first model's shape, "
                f"{tuple(point.outputs.shape)}, got {tuple(outputs.shape)}"
            )

        try:
            check_rows(self.objective, outputs, len(outputs))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error


def asked(model: Model, name: str, x: Data) -> Outputs:
    """Return a further model's outputs for data, or refuse it.

    Args:
        model: From data to outputs.
        name: What errors call it.
        x: The data.

    Raises:
        ValueError: If it is in training mode, fails, or its outputs are not finite or
            depend on the other rows.

    Example:
        >>> asked(lambda x: x.sum(1), "the second", torch.zeros(2, 3))
        tensor([0., 0.])
    """

    if isinstance(model, nn.Module) and any(part.training for part in model.modules()):
        raise ValueError(f"{name} must be in evaluation mode, got training mode")

    outputs = ask(model, x, name)

    try:
        check_outputs(outputs, ask(model, x[:1], name))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error

    return outputs


def weigh(
    scores: Float[Tensor, "parts batch"], margins: Float[Tensor, "parts batch"]
) -> Scores:
    """Return the mean of scores, each weighted by what its margin misses.

    Args:
        scores: Of each part, such as a model.
        margins: Of the same parts; where none misses anything, all weigh alike.

    Example:
        >>> weigh(torch.tensor([[1.0], [5.0]]), torch.tensor([[-3.0], [-1.0]]))
        tensor([2.])
    """

    missing = (-margins.detach()).clamp_min(0)
    total = missing.sum(0)

    return (torch.where(total > 0, missing / total, 1 / len(missing)) * scores).sum(0)


def seen_by(model: Model, point: Point) -> Point:
    """Return a point with another model's outputs, there and elsewhere.

    The model is asked once, however often the point is seen.

    Example:
        >>> x = torch.zeros(2, 3)
        >>> seen_by(lambda x: x.sum(1), Point(x, x, x, x, x)).outputs
        tensor([0., 0.])
    """

    return point.once((seen_by, id(model)), lambda: _seen(model, point))


def _seen(model: Model, point: Point) -> Point:
    outputs = without_grad(model)(point.data.clone()).to(point.data.dtype)
    look = point.at  # alone: a point that refers to itself would be freed late

    if look is None:
        return replace(point, outputs=outputs)

    return replace(point, outputs=outputs, at=lambda z: seen_by(model, look(z)))
