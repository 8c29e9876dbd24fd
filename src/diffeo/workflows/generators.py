"""Generators without an inverse, as a user names them."""

from dataclasses import replace
from typing import Literal, Protocol, runtime_checkable

from diffeo.coordinates.inversion import InvertedGenerator
from diffeo.coordinates.protocol import Coordinates
from diffeo.shapes import Data, Latent, Model

__all__ = ["Generator", "How", "inverted"]

How = Literal["pixels", "encoder", "features"]
"""What finds the latents of images."""


@runtime_checkable
class Generator(Protocol):
    """A bare generator: a function that knows the size of its latents.

    It may bring functions of images as attributes: `encoder`, to latents near them, and
    `features`, to what is compared; see `InvertedGenerator`.

    Example:
        >>> from diffeo import Identity
        >>> isinstance(Identity((2,)), Generator)
        False
    """

    latent: int | tuple[int, ...]

    def __call__(self, z: Latent) -> Data:
        """Return the data at latents."""


def inverted(
    found: object, shape: tuple[int, ...], how: How | None, *, progress: bool
) -> object:
    """Return a generator as coordinates; anything else as it is.

    Args:
        found: What a user's function returned.
        shape: Shape of one datum.
        how: What finds latents: descent on "pixels" or on "features", or the "encoder"
            alone; if not given, all that the generator comes with.
        progress: Whether inversion shows a bar.

    Raises:
        ValueError: If something else is to be inverted, or lacks what is asked for.

    Example:
        >>> from diffeo import Identity
        >>> inverted(Identity((2,)), (2,), None, progress=False)
        Identity(shape=(2,))
    """

    if isinstance(found, Generator) and not isinstance(found, Coordinates):
        found = InvertedGenerator(
            found,
            found.latent,
            shape,
            features=_function_of(found, "features"),
            encoder=_function_of(found, "encoder"),
        )

    if not isinstance(found, InvertedGenerator):
        if how is None:
            return found

        raise ValueError(
            "inversion must be given with a generator, a function that knows its "
            f"`latent` size or an InvertedGenerator, got {type(found).__name__}"
        )

    parts = {"features": found.features, "encoder": found.encoder}

    if how in parts and parts[how] is None:
        raise ValueError(
            f"inversion by {how} needs a generator with the attribute `{how}`, a "
            f"function of images, or an InvertedGenerator with {how}=, got none"
        )

    steps = 0 if how == "encoder" else found.inversion.steps

    return InvertedGenerator(
        found.generator,
        found.latent,
        found.shape,
        features=None if how == "pixels" else found.features,
        encoder=found.encoder,
        inversion=replace(found.inversion, steps=steps, progress=progress),
    )


def _function_of(generator: Generator, name: str) -> Model | None:
    found = getattr(generator, name, None)  # a number of channels is called so, too

    return found if callable(found) else None
