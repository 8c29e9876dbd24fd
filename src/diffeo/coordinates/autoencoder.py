"""Autoencoders as approximate coordinates, however they are written."""

from collections.abc import Callable
from typing import Protocol, TypeVar, runtime_checkable

from torch import Tensor, nn

from diffeo.codec import Codec
from diffeo.shapes import Data, Latent

__all__ = [
    "Autoencoder",
    "Encoder",
    "EncodesAndDecodes",
    "Pair",
    "paired",
    "with_pair_joined",
]

Part = TypeVar("Part")
Encoder = Callable[[Data], Tensor | tuple[Tensor, ...]]
"""From data to latents, or to a tuple that begins with their means."""
Pair = tuple[Encoder, Callable[[Tensor], Data]]
"""An encoder and its decoder."""


@runtime_checkable
class EncodesAndDecodes(Protocol):
    """What an autoencoder must offer.

    Example:
        >>> from diffeo import Identity
        >>> isinstance(Identity((2,)), EncodesAndDecodes)
        True
    """

    def encode(self, x: Data) -> Tensor | tuple[Tensor, ...]:
        """Return latents, or a tuple that begins with their means."""

    def decode(self, z: Tensor) -> Data:
        """Return the data at latents."""


class Autoencoder(nn.Module):
    """Coordinates of an autoencoder: the mean of what it makes of data.

    They are approximate: what the autoencoder loses, a search never sees, and the
    record's reconstruction shows it.

    Source: Dombrowski et al., 2024, Section II-D.

    Args:
        model: Its `encode` returns latents, or a tuple of their means, log-variances
            and whatever else; its `decode` returns data.
        latent: Shape of one latent as `decode` takes it, if it is no vector.

    Example:
        >>> import torch
        >>> halves = paired(lambda x: (x / 2, x), lambda z: 2 * z)
        >>> halves.decode(halves.encode(torch.ones(1, 2)))
        tensor([[1., 1.]])
    """

    def __init__(
        self, model: EncodesAndDecodes, latent: tuple[int, ...] | None = None
    ) -> None:
        super().__init__()
        self.model = model
        self.latent = latent or (-1,)
        self.train(any(part.training for part in self.children()))

    def encode(self, x: Data) -> Latent:
        """Return the means of the latents."""

        answer = self.model.encode(x)
        mean = answer if isinstance(answer, Tensor) else answer[0]

        return mean.flatten(1)

    def decode(self, z: Latent) -> Data:
        """Return the data at latents."""

        return self.model.decode(z.reshape(len(z), *self.latent))


def paired(
    encoder: Encoder,
    decoder: Callable[[Tensor], Data],
    latent: tuple[int, ...] | None = None,
) -> Autoencoder:
    """Return the coordinates of an encoder and a decoder that are two functions.

    Args:
        encoder: From data to latents, or to a tuple that begins with their means.
        decoder: From latents to data.
        latent: Shape of one latent as the decoder takes it, if it is no vector.

    Example:
        >>> import torch
        >>> paired(torch.nn.Flatten(), torch.sigmoid).decode(torch.zeros(1, 2))
        tensor([[0.5000, 0.5000]])
    """

    return Autoencoder(Codec(encoder, decoder), latent)


def with_pair_joined(part: Part | Pair) -> Part | Autoencoder:
    """Return an encoder and a decoder as coordinates; anything else as it is.

    Args:
        part: Two functions, or whatever a user gave as coordinates.

    Example:
        >>> import torch
        >>> with_pair_joined((torch.nn.Flatten(), torch.exp)).decode(torch.zeros(1, 2))
        tensor([[1., 1.]])
    """

    match part:
        case (encoder, decoder) if callable(encoder) and callable(decoder):
            return paired(encoder, decoder)

    return part
