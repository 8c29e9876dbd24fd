"""Autoencoders as approximate coordinates, however they are written."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

import torch
from torch import Tensor, nn

from diffeo.answers import ask
from diffeo.codec import Codec
from diffeo.coordinates.protocol import Accelerated, Coordinates, Exact, Remembers
from diffeo.shapes import Data, Latent

__all__ = [
    "Autoencoder",
    "Encoder",
    "EncodesAndDecodes",
    "Pair",
    "as_coordinates",
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
        latent: Shape of one latent as `decode` takes it; if not given, that of the
            latents which were encoded last.

    Example:
        >>> halves = paired(lambda x: (x / 2, x), lambda z: 2 * z)
        >>> halves.decode(halves.encode(torch.ones(1, 2)))
        tensor([[1., 1.]])
    """

    def __init__(
        self, model: EncodesAndDecodes, latent: tuple[int, ...] | None = None
    ) -> None:
        super().__init__()
        self.model = model
        self.latent = latent
        self._encoded: tuple[int, ...] = (-1,)
        self.train(any(part.training for part in self.children()))

    def encode(self, x: Data) -> Latent:
        """Return the means of the latents."""

        mean = _mean(self.model.encode(x))
        self._encoded = tuple(mean.shape[1:])

        return mean.flatten(1)

    def decode(self, z: Latent) -> Data:
        """Return the data at latents."""

        return self.model.decode(z.reshape(len(z), *(self.latent or self._encoded)))


def paired(
    encoder: Encoder,
    decoder: Callable[[Tensor], Data],
    latent: tuple[int, ...] | None = None,
) -> Autoencoder:
    """Return the coordinates of an encoder and a decoder that are two functions.

    Args:
        encoder: From data to latents, or to a tuple that begins with their means.
        decoder: From latents to data.
        latent: Shape of one latent as the decoder takes it; if not given, that of the
            latents which were encoded last.

    Example:
        >>> paired(torch.nn.Flatten(), torch.sigmoid).decode(torch.zeros(1, 2))
        tensor([[0.5000, 0.5000]])
    """

    return Autoencoder(Codec(encoder, decoder), latent)


def with_pair_joined(part: Part | Pair) -> Part | Autoencoder:
    """Return an encoder and a decoder as coordinates; anything else as it is.

    Args:
        part: Two functions, or whatever a user gave as coordinates.

    Example:
        >>> with_pair_joined((torch.nn.Flatten(), torch.exp)).decode(torch.zeros(1, 2))
        tensor([[1., 1.]])
    """

    match part:
        case (encoder, decoder) if callable(encoder) and callable(decoder):
            return paired(encoder, decoder)

    return part


@torch.no_grad()
def as_coordinates(part: EncodesAndDecodes | Pair, x: Data) -> Coordinates:
    """Return what a user has as coordinates: an encoder and a decoder of any form.

    Two functions are joined, and a module whose encoder has several answers, such as
    mean and log-variance, or latents that are no vectors becomes an `Autoencoder`: one
    row is encoded to see. What is no module, or says more of itself than to encode and
    decode, is meant as coordinates, and is not asked; it is returned as it is.

    Args:
        part: Two functions, or what encodes and decodes, in evaluation mode.
        x: Data, at least one row, of the shape that will be encoded.

    Raises:
        ValueError: If the encoder fails, or returns no tensor of real numbers.

    Example:
        >>> class Posterior(nn.Module):
        ...     def encode(self, x):
        ...         return x / 2, torch.zeros_like(x)
        ...     def decode(self, z):
        ...         return 2 * z
        >>> as_coordinates(Posterior(), torch.ones(3, 2)).encode(torch.ones(1, 2))
        tensor([[0.5000, 0.5000]])
    """

    found = with_pair_joined(part)
    module = isinstance(found, nn.Module) and isinstance(found, EncodesAndDecodes)

    if not module or isinstance(found, Accelerated | Exact | Remembers):
        return cast("Coordinates", found)

    answers: list[object] = []

    def encode(x: Data) -> Tensor:
        answers.append(found.encode(x))

        return _mean(answers[-1])

    mean = ask(encode, x[:1], "coordinates.encode")

    if mean is answers[-1] and mean.ndim == 2:
        return cast("Coordinates", found)

    return Autoencoder(found, tuple(mean.shape[1:]))


def _mean(answer: Any) -> Tensor:  # noqa: ANN401 - whatever an encoder answers
    """Return the first of several answers, or the only one."""

    return cast("Tensor", answer[0] if isinstance(answer, tuple) else answer)
