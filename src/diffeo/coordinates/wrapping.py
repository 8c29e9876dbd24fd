"""What coordinates share that change only how others decode."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import torch

from diffeo.coordinates.inference import inference_form
from diffeo.coordinates.protocol import Coordinates, is_typical
from diffeo.shapes import Data, Flags, Latent

__all__ = ["Wrapping"]


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
