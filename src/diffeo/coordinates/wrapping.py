"""What coordinates share that change only how others decode."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from diffeo.coordinates.inference import inference_form
from diffeo.coordinates.protocol import Coordinates, is_typical, start_memory
from diffeo.shapes import Data, Flags, Latent, Memory, Scores
from diffeo.typical import KnowsDensity

__all__ = ["Remembering", "Wrapping", "density_of"]


@dataclass(frozen=True, eq=False)
class Wrapping(ABC):
    """Coordinates that encode as those inside.

    Args:
        coordinates: The coordinates inside.

    Example:
        >>> from diffeo import Bounded
        >>> issubclass(Bounded, Wrapping)
        True
    """

    coordinates: Coordinates

    def encode(self, x: Data) -> Latent:
        """Return the coordinates of data."""

        return self.coordinates.encode(x)

    @abstractmethod
    def decode(self, z: Latent) -> Data:
        """Return the data of coordinates."""

    def inference(
        self, *, dtype: torch.dtype | None = None, invertible: bool = False
    ) -> Coordinates | None:
        """Return the same around the inference form of the coordinates inside.

        Args:
            dtype: Precision of the heavy arithmetic, if not that of the parameters.
            invertible: Whether the backward pass keeps only its output.

        Returns:
            None if the coordinates inside have no such form.
        """

        form = inference_form(self.coordinates, dtype=dtype, invertible=invertible)

        return None if form is None else replace(self, coordinates=form)

    def is_typical(self, x: Data) -> Flags | None:
        """Return whether the coordinates inside find data typical, if they know."""

        return is_typical(self.coordinates, x)

    def density(self) -> Callable[[Data], Scores] | None:
        """Return the log-density that the coordinates inside know, None if none."""

        return density_of(self.coordinates)


class Remembering(Wrapping):
    """Coordinates that decode with something of the data of each row.

    Example:
        >>> from diffeo import Residual
        >>> issubclass(Residual, Remembering)
        True
    """

    def decode(self, z: Latent) -> Data:
        """Return what the coordinates inside decode, whose row is not known."""

        return self.coordinates.decode(z)

    @torch.no_grad()
    def start(self, x: Data, z: Latent) -> Memory:
        """Return what is kept of each row, then what the coordinates inside remember.

        Raises:
            ValueError: If the data are not as they should be.
        """

        memory = start_memory(self.coordinates, x, z)

        return self._keep(x, z, memory), *memory

    def decode_with(self, z: Latent, memory: Memory) -> Data:
        """Return the data of each row, with what was kept of it."""

        kept, *inside = memory

        return self._decode(z, kept, tuple(inside))

    @abstractmethod
    def _keep(self, x: Data, z: Latent, memory: Memory) -> Tensor:
        """Return what to keep of data, given what the coordinates inside remember."""

    @abstractmethod
    def _decode(self, z: Latent, kept: Tensor, memory: Memory) -> Data:
        """Return the data of each row, with what was kept of it."""


def density_of(coordinates: Coordinates) -> Callable[[Data], Scores] | None:
    """Return the log-density that coordinates know, or None if they know none.

    Args:
        coordinates: Any coordinates; of those that wrap others, those inside are
            asked.

    Example:
        >>> from diffeo import Bounded, Identity
        >>> density_of(Bounded(Identity((2,)))) is None
        True
    """

    if isinstance(coordinates, Wrapping):
        return coordinates.density()

    return coordinates.log_prob if isinstance(coordinates, KnowsDensity) else None
