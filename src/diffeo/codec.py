"""What encodes by one function and decodes by another."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from diffeo.shapes import Data

__all__ = ["Codec"]


class Codec(nn.Module):
    """An encoder and a decoder that are two functions.

    Args:
        encoder: From data to latents, or to a tuple that begins with their means.
        decoder: From latents to data.

    Example:
        >>> import torch
        >>> Codec(torch.nn.Flatten(), torch.exp).decode(torch.zeros(1, 2))
        tensor([[1., 1.]])
    """

    def __init__(
        self, encoder: Callable[[Data], Any], decoder: Callable[[Tensor], Data]
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.train(any(part.training for part in self.children()))

    def encode(self, x: Data) -> Any:  # noqa: ANN401 - latents, alone or in a tuple
        """Return what the encoder makes of data."""

        return self.encoder(x)

    def decode(self, z: Tensor) -> Data:
        """Return what the decoder makes of latents."""

        return self.decoder(z)
