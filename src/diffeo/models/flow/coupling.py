"""Coupling layers: one part of the image decides how the other part moves."""

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from diffeo.models.flow.bijection import Bijection
from diffeo.models.flow.inference.network import InferenceNetwork
from diffeo.models.flow.invertible_backprop import Replay, Step
from diffeo.models.flow.masks import Mask
from diffeo.models.flow.transforms import Transform
from diffeo.shapes import Images, LogDet, Maps

__all__ = ["Coupling"]

Elementwise = Callable[[Images, Maps], tuple[Images, LogDet]]


class Coupling(Bijection):
    """Move one part of the image as a network of the other part says.

    Args:
        mask: Which part stays.
        transform: How the other part moves.
        network: From the part that stays to the transform's parameters.

    Example:
        >>> from diffeo.models.flow.masks import Channels
        >>> from diffeo.models.flow.transforms import Affine
        >>> coupling = Coupling(Channels(), Affine(), nn.Conv2d(2, 4, 1))
        >>> x = torch.rand(1, 4, 2, 2)
        >>> y, _ = coupling(x)
        >>> torch.equal(y[:, :2], x[:, :2])
        True
    """

    def __init__(self, mask: Mask, transform: Transform, network: nn.Module) -> None:
        super().__init__()
        self.mask = mask
        self.transform = transform
        self.network = network

    def forward(self, x: Images) -> tuple[Images, LogDet]:
        """Move the part that moves."""

        return self._move(self.transform.forward, x)

    def inverse(self, y: Images) -> tuple[Images, LogDet]:
        """Move it back."""

        return self._move(self.transform.inverse, y)

    def inference(self, dtype: torch.dtype) -> "Coupling":
        """Return a coupling whose network has constant weights."""

        network = InferenceNetwork(self.network, dtype)

        return Coupling(self.mask, self.transform, network)

    def steps(self) -> tuple[Step, Step]:
        """Return both directions, each replayed with one run of the network."""

        forward, inverse = self.transform.forward, self.transform.inverse

        return self._step(forward, inverse), self._step(inverse, forward)

    def _move(self, move: Elementwise, x: Images) -> tuple[Images, LogDet]:
        stays, moves = self.mask.split(x)
        moved, logdet = move(moves, self.network(stays))

        return self.mask.merge(stays, moved), logdet

    def _step(self, move: Elementwise, undo: Elementwise) -> Step:
        return Step(
            partial(self._move, move),
            partial(self._replay, move, undo),
            tuple(self.network.parameters()),
        )

    def _replay(self, move: Elementwise, undo: Elementwise, y: Images) -> Replay:
        stays, moved = self.mask.split(y)
        stays = stays.detach().requires_grad_()
        parameters = self.network(stays)

        with torch.no_grad():
            moves, _ = undo(moved, parameters)

        moves = moves.detach().requires_grad_()
        again, logdet = move(moves, parameters)
        outputs = self.mask.merge(stays, again), logdet

        return Replay((stays, moves), outputs, self.mask.merge)
