"""Bring an answer to a value: the objectives of regressors."""

from dataclasses import dataclass

import torch

from diffeo.objectives.protocol import Point
from diffeo.shapes import Memory, Outputs, Scores

__all__ = ["AtLeast", "AtMost", "Near"]


@dataclass(frozen=True)
class AtLeast:
    """Bring a regressor's answer to a value or above.

    Args:
        value: The value, in the model's units.
    """

    value: float

    def start(self, point: Point) -> Memory:
        """Remember nothing."""

        _values(point.outputs)

        return ()

    def score(self, point: Point, memory: Memory) -> Scores:  # noqa: ARG002
        """Return the answer."""

        return _values(point.outputs)

    def margin(self, point: Point, memory: Memory) -> Scores:  # noqa: ARG002
        """Return the answer less the value."""

        return _values(point.outputs) - self.value

    def aim(self, point: Point, memory: Memory) -> Scores:  # noqa: ARG002
        """Return the value."""

        return torch.full_like(_values(point.outputs), self.value)


@dataclass(frozen=True)
class AtMost:
    """Bring a regressor's answer to a value or below.

    Args:
        value: The value, in the model's units.
    """

    value: float

    def start(self, point: Point) -> Memory:
        """Remember nothing."""

        _values(point.outputs)

        return ()

    def score(self, point: Point, memory: Memory) -> Scores:  # noqa: ARG002
        """Return the negative answer."""

        return -_values(point.outputs)

    def margin(self, point: Point, memory: Memory) -> Scores:  # noqa: ARG002
        """Return the value less the answer."""

        return self.value - _values(point.outputs)

    def aim(self, point: Point, memory: Memory) -> Scores:  # noqa: ARG002
        """Return the value."""

        return torch.full_like(_values(point.outputs), self.value)


@dataclass(frozen=True)
class Near:
    """Bring a regressor's answer close to a value.

    Args:
        value: The value, in the model's units.
        within: How far from it the answer may end.
    """

    value: float
    within: float

    def __post_init__(self) -> None:
        if not self.within > 0:
            raise ValueError(f"within must be above 0, got {self.within}")

    def start(self, point: Point) -> Memory:
        """Remember nothing."""

        _values(point.outputs)

        return ()

    def score(self, point: Point, memory: Memory) -> Scores:  # noqa: ARG002
        """Return the negative distance from the value."""

        return -(_values(point.outputs) - self.value).abs()

    def margin(self, point: Point, memory: Memory) -> Scores:  # noqa: ARG002
        """Return how far inside the interval the answer lies."""

        return self.within - (_values(point.outputs) - self.value).abs()

    def aim(self, point: Point, memory: Memory) -> Scores:  # noqa: ARG002
        """Return the value."""

        return torch.full_like(_values(point.outputs), self.value)


def _values(outputs: Outputs) -> Scores:
    if outputs.ndim > 2 or outputs[0].numel() != 1:
        raise ValueError(
            "the model must return one value a row, of shape (batch,) or (batch, 1), "
            f"got {tuple(outputs.shape)}"
        )

    return outputs.reshape(-1)
