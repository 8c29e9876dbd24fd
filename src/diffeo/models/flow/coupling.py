"""Coupling layers: one part of the image decides how the other part moves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffeo.models.flow.folded import Decoder
from diffeo.models.flow.frozen import frozen
from diffeo.models.flow.retrace import Cotangents, Ledger
from diffeo.models.flow.uncoupled import Uncoupled
from diffeo.shapes import Images, LogDet, Maps, Memory

__all__ = [
    "Additive",
    "Affine",
    "Channels",
    "Checkerboard",
    "Coupling",
    "Mask",
    "Transform",
]


@runtime_checkable
class Mask(Protocol):
    """How an image falls into a part that stays and a part that moves.

    Each value goes to one of the parts, unchanged.
    """

    def split(self, x: Maps) -> tuple[Maps, Maps]:
        """Return the part that stays and the part that moves."""

    def merge(self, stays: Maps, moves: Maps) -> Maps:
        """Undo `split`."""


@dataclass(frozen=True)
class Channels:
    """The first half of the channels stays; the other way round if flipped.

    Source: Dinh, Sohl-Dickstein and Bengio, 2017, RealNVP, Section 3.4.
    """

    flipped: bool = False

    def split(self, x: Maps) -> tuple[Maps, Maps]:
        """Return the two halves of the channels."""

        first, second = x.tensor_split(2, dim=1)

        return (second, first) if self.flipped else (first, second)

    def merge(self, stays: Maps, moves: Maps) -> Maps:
        """Join the two halves."""

        return torch.cat((moves, stays) if self.flipped else (stays, moves), dim=1)


@dataclass(frozen=True)
class Checkerboard:
    """The white fields of a checkerboard stay; the black ones if flipped.

    Each part is held at half the resolution with two channels for each of the image's,
    so that no field is computed only to be masked away.

    Source: Dinh, Sohl-Dickstein and Bengio, 2017, RealNVP, Section 3.4.
    """

    flipped: bool = False

    def split(self, x: Maps) -> tuple[Maps, Maps]:
        """Return the fields of the two colors."""

        blocks = functional.pixel_unshuffle(x, 2)
        first, second, third, fourth = (blocks[:, place::4] for place in range(4))
        white = torch.cat((first, fourth), dim=1)
        black = torch.cat((second, third), dim=1)

        return (black, white) if self.flipped else (white, black)

    def merge(self, stays: Maps, moves: Maps) -> Maps:
        """Put the fields back on the board."""

        white, black = (moves, stays) if self.flipped else (stays, moves)
        first, fourth = white.chunk(2, dim=1)
        second, third = black.chunk(2, dim=1)
        blocks = torch.stack((first, second, third, fourth), dim=2)

        return functional.pixel_shuffle(blocks.flatten(1, 2), 2)


@runtime_checkable
class Transform(Protocol):
    """An elementwise bijection whose parameters a network provides."""

    @property
    def parameters(self) -> int:
        """How many parameters each element needs."""

    def forward(self, x: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Return y and the log-determinant."""

    def inverse(self, y: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Return x and the log-determinant of the inverse."""

    def undo(self, y: Images, parameters: Maps) -> tuple[Images, Memory]:
        """Return x alone, and what `pull` needs; `parameters` may be overwritten."""

    def pull(self, gradient: Images, kept: Memory) -> tuple[Images, Maps]:
        """Return the gradients in y and in the parameters of one in `undo`'s x."""


@dataclass(frozen=True)
class Additive:
    """y = x + shift.

    Source: Dinh, Krueger and Bengio, 2015, NICE, Section 3.2.
    """

    @property
    def parameters(self) -> int:
        """One: the shift."""

        return 1

    def forward(self, x: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Add the shift."""

        return x + parameters, x.new_zeros(len(x))

    def inverse(self, y: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Subtract the shift."""

        return y - parameters, y.new_zeros(len(y))

    def undo(self, y: Images, parameters: Maps) -> tuple[Images, Memory]:
        """Subtract the shift."""

        return y - parameters, ()

    def pull(self, gradient: Images, kept: Memory) -> tuple[Images, Maps]:  # noqa: ARG002
        """Return the gradient as it is and turned around."""

        return gradient, -gradient


@dataclass(frozen=True)
class Affine:
    """y = (x + shift) · exp(log_scale), with |log_scale| below `bound`.

    Source: Dinh, Sohl-Dickstein and Bengio, 2017, RealNVP, equations (7) and (8).
    """

    bound: float = 3.0

    @property
    def parameters(self) -> int:
        """Two: shift and raw logarithm of the scale."""

        return 2

    def forward(self, x: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Shift, then scale."""

        shift, log_scale = self._read(parameters)

        return (x + shift) * log_scale.exp(), log_scale.flatten(1).sum(1)

    def inverse(self, y: Images, parameters: Maps) -> tuple[Images, LogDet]:
        """Unscale, then shift back."""

        shift, log_scale = self._read(parameters)

        return y * (-log_scale).exp() - shift, -log_scale.flatten(1).sum(1)

    def undo(self, y: Images, parameters: Maps) -> tuple[Images, Memory]:
        """Unscale, then shift back."""

        shift, raw = parameters.chunk(2, dim=1)
        share = torch.mul(raw, 2 / self.bound).sigmoid_()  # tanh x = 2 sigmoid 2x - 1
        unscale = torch.rsub(share, self.bound, alpha=2 * self.bound).exp_()

        return torch.mul(y, unscale).sub_(shift), (y, share, unscale)

    def pull(self, gradient: Images, kept: Memory) -> tuple[Images, Maps]:
        """Return the gradients, of the raw scale by the slope of the bound."""

        y, share, unscale = kept
        in_y = gradient * unscale
        in_raw = torch.ops.aten.sigmoid_backward(in_y * y, share).mul_(-4)

        return in_y, torch.cat((-gradient, in_raw), dim=1)

    def _read(self, parameters: Maps) -> tuple[Tensor, Tensor]:
        shift, raw = parameters.chunk(2, dim=1)

        return shift, self.bound * torch.tanh(raw / self.bound)


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
