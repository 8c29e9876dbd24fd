"""Coupling layers: one part of the image decides how the other part moves."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

from diffeo.models.flow.folded import Decoder
from diffeo.models.flow.frozen import frozen
from diffeo.models.flow.masks import Mask
from diffeo.models.flow.retrace import Cotangents, Ledger
from diffeo.models.flow.transforms import Transform
from diffeo.models.flow.uncoupled import Uncoupled
from diffeo.shapes import Images, LogDet, Maps

__all__ = ["Coupling"]


class Coupling(nn.Module):
    """Move one part of the image as a network of the other part says.

    Args:
        mask: Which part stays.
        transform: How the other part moves.
        network: From the part that stays to the transform's parameters.
    """

    def __init__(self, mask: Mask, transform: Transform, network: nn.Module) -> None:
        super().__init__()
        self.mask = mask
        self.transform = transform
        self.network = network

    def forward(self, x: Images) -> tuple[Images, LogDet]:
        """Move the part that moves."""

        stays, moves = self.mask.split(x)
        moved, logdet = self.transform.forward(moves, self.network(stays))

        return self.mask.merge(stays, moved), logdet

    def inverse(self, y: Images) -> tuple[Images, LogDet]:
        """Move it back."""

        stays, moved = self.mask.split(y)
        moves, logdet = self.transform.inverse(moved, self.network(stays))

        return self.mask.merge(stays, moves), logdet

    def decoder(self, dtype: torch.dtype) -> Decoder:
        """Return the inverse with a frozen network."""

        return Uncoupled(self.mask, self.transform, frozen(self.network, dtype))

    def retrace(
        self, y: Images, cotangents: Cotangents, ledger: Ledger
    ) -> tuple[Images, Images]:
        """Return the input that `forward` made `y` of, and the gradient in it."""

        way = _Way(self.transform.forward, self.transform.inverse)

        return self._retrace(way, y, cotangents, ledger)

    def retrace_inverse(
        self, x: Images, cotangents: Cotangents, ledger: Ledger
    ) -> tuple[Images, Images]:
        """Return the input that `inverse` made `x` of, and the gradient in it."""

        way = _Way(self.transform.inverse, self.transform.forward)

        return self._retrace(way, x, cotangents, ledger)

    def _retrace(
        self, way: "_Way", output: Images, cotangents: Cotangents, ledger: Ledger
    ) -> tuple[Images, Images]:
        """Go back with one run of the network, for the input and for the gradient."""

        stays, moved = self.mask.split(output)
        gradient, gradient_moved = self.mask.split(cotangents.value)

        with torch.enable_grad():
            stays = stays.detach().requires_grad_()
            parameters = self.network(stays)

        with torch.no_grad():
            moves, _ = way.back(moved, parameters)

        with torch.enable_grad():
            inputs = [moves.requires_grad_(), parameters.detach().requires_grad_()]
            outputs = way.there(*inputs)

        moves_and_parameters = ledger.pull(
            outputs, (gradient_moved, cotangents.logdet), inputs, nn.Module()
        )
        gradient_moves, gradient_parameters = moves_and_parameters
        (through,) = ledger.pull(
            [parameters], [gradient_parameters], [stays], self.network
        )

        return (
            self.mask.merge(stays.detach(), moves.detach()),
            self.mask.merge(gradient + through, gradient_moves),
        )


Elementwise = Callable[[Images, Maps], tuple[Images, LogDet]]


class _Way(NamedTuple):
    """A transform in one direction, and back."""

    there: Elementwise
    back: Elementwise
