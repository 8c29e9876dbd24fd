"""Quasi-Newton steps from the last few gradients, row by row."""

from dataclasses import dataclass

import torch
from torch import Tensor

from diffeo.ascents.protocol import check_positive, dot, unit
from diffeo.shapes import Latent, Memory, Scores

__all__ = ["LBFGS"]


@dataclass(frozen=True)
class LBFGS:
    """Quasi-Newton directions from the last steps, trusted within a radius.

    Pairs of steps and changes of the gradient against which the score does not curve
    downwards say nothing of a maximum and are left out, row by row. Without any pair
    the direction is the gradient's and the step as long as the radius.

    Source: Liu and Nocedal, 1989, On the limited memory BFGS method for large scale
    optimization.

    Args:
        radius: Greatest length of a step, in coordinates.
        pairs: Last steps that are remembered, with the change of gradient in each.

    Example:
        >>> z, slope, rule = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]), LBFGS(0.5)
        >>> moved, memory = rule.step(z, z[:, 0], slope, rule.start(z))
        >>> moved
        tensor([[0.3000, 0.4000]])
    """

    radius: float = 0.2
    pairs: int = 5

    def __post_init__(self) -> None:
        check_positive("radius", self.radius)

        if not self.pairs >= 1:
            raise ValueError(f"pairs must be at least 1, got {self.pairs}")

    def start(self, z: Latent) -> Memory:
        """Start with no pairs: moves, changes, the last point, gradient and count."""

        none = z.new_zeros(len(z), self.pairs, z.shape[1])

        return none, none, z, torch.zeros_like(z), z.new_zeros(len(z), 1)

    def step(
        self, z: Latent, _margin: Scores, gradient: Latent, memory: Memory
    ) -> tuple[Latent, Memory]:
        """Step along the quasi-Newton direction."""

        moves, changes, last, before, count = memory
        move, change = z - last, before - gradient
        curved = (count > 0) & (dot(move, change) > 0)
        moves = torch.where(curved[:, :, None], _push(moves, move), moves)
        changes = torch.where(curved[:, :, None], _push(changes, change), changes)
        direction = _newton(gradient, moves, changes)
        length = torch.linalg.vector_norm(direction, dim=1, keepdim=True)
        known = (moves != 0).any(2).any(1, keepdim=True)
        far = ~known | (length > self.radius)
        step = torch.where(far, self.radius * unit(direction), direction)

        return z + step, (moves, changes, z, gradient, count + 1)


def _newton(gradient: Latent, moves: Tensor, changes: Tensor) -> Latent:
    """Return the two-loop recursion of the gradient; empty pairs change nothing."""

    direction, weights = gradient, []
    inverse = [_inverse(dot(moves[:, k], changes[:, k])) for k in range(moves.shape[1])]

    for k in reversed(range(moves.shape[1])):
        weights.append(inverse[k] * dot(moves[:, k], direction))
        direction = direction - weights[-1] * changes[:, k]

    newest = dot(changes[:, -1], changes[:, -1])
    scale = dot(moves[:, -1], changes[:, -1]) * _inverse(newest)
    direction = torch.where(newest > 0, scale, torch.ones_like(scale)) * direction

    for k, weight in enumerate(reversed(weights)):
        back = inverse[k] * dot(changes[:, k], direction)
        direction = direction + (weight - back) * moves[:, k]

    return direction


def _push(pairs: Tensor, newest: Latent) -> Tensor:
    return torch.cat((pairs[:, 1:], newest[:, None]), dim=1)


def _inverse(value: Tensor) -> Tensor:
    return torch.where(value > 0, 1 / value, torch.zeros_like(value))
