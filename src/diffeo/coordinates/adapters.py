"""Generative models of other libraries as coordinates."""

import copy
import math
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from diffeo.coordinates.autoencoder import Autoencoder
from diffeo.shapes import Data, Latent, Scores
from diffeo.typical import normal_log_prob

__all__ = [
    "ForeignFlow",
    "from_diffusers",
    "from_freia",
    "from_nflows",
    "from_normflows",
]


class _Library(Protocol):
    """How a library calls what every flow does."""

    def to_noise(self, x: Data) -> Sequence[Tensor]:
        """Return the noise at data, in one part or several."""

    def to_data(self, noise: Sequence[Tensor]) -> Data:
        """Return the data at noise."""

    def log_prob(self, x: Data) -> Scores:
        """Return the log-density of data, in nats."""


class ForeignFlow(nn.Module):
    """A trained, unconditional flow of another library as coordinates.

    Its noise, if it comes in several parts, is one vector. Where the flow's base is not
    N(0, I), as one that is learned, lengths of coordinates are in the base's units.

    Args:
        library: How the library calls what every flow does; a module.
        shape: Shape of one datum, as the flow takes it.

    Raises:
        ValueError: If the noise has not as many numbers as a datum.

    Example:
        >>> class Doubling(nn.Module):  # with the interface of FrEIA
        ...     def forward(self, x, rev=False):
        ...         sign = -1 if rev else 1
        ...         return x * 2.0**sign, sign * math.log(4) * torch.ones(len(x))
        >>> flow = from_freia(Doubling(), (2,))
        >>> flow.encode(torch.ones(1, 2)), flow.log_prob(torch.zeros(1, 2))
        (tensor([[2., 2.]]), tensor([-0.4516]))
    """

    def __init__(self, library: Any, shape: tuple[int, ...]) -> None:  # noqa: ANN401
        super().__init__()
        self.library: _Library = library
        self.shape = shape
        example = next(library.parameters(), torch.zeros(()))
        trial: _Library = copy.deepcopy(library)  # some layers change when first used

        with torch.no_grad():
            noise = trial.to_noise(example.new_zeros(1, *shape))

        self.parts = [tuple(part.shape[1:]) for part in noise]

        if sum(map(math.prod, self.parts)) != math.prod(shape):
            raise ValueError(
                f"the flow's noise must have {math.prod(shape)} numbers, as a datum, "
                f"got parts of shape {self.parts}"
            )

        self.train(library.training)

    def encode(self, x: Data) -> Latent:
        """Return the noise at data."""

        return torch.cat([part.flatten(1) for part in self.library.to_noise(x)], dim=1)

    def decode(self, z: Latent) -> Data:
        """Return the data at noise."""

        pieces = z.split([math.prod(part) for part in self.parts], dim=1)
        pairs = zip(pieces, self.parts, strict=True)
        x = self.library.to_data([piece.reshape(-1, *part) for piece, part in pairs])

        return x.reshape(-1, *self.shape)

    def is_exact(self) -> bool:
        """Return True: a flow is a bijection."""

        return True

    def log_prob(self, x: Data) -> Scores:
        """Return the log-density of data, in nats."""

        return self.library.log_prob(x)


def from_normflows(flow: nn.Module, shape: tuple[int, ...]) -> ForeignFlow:
    """Return the coordinates of a flow of the normflows library.

    Args:
        flow: A NormalizingFlow or a MultiscaleFlow that knows no classes.
        shape: Shape of one datum.

    Example:
        >>> class Doubling(nn.Module):  # with the interface of normflows
        ...     def inverse_and_log_det(self, x):
        ...         return 2 * x, torch.full((len(x),), math.log(4))
        ...     def forward_and_log_det(self, z):
        ...         return z / 2, torch.full((len(z),), -math.log(4))
        >>> from_normflows(Doubling(), (2,)).decode(torch.ones(1, 2))
        tensor([[0.5000, 0.5000]])
    """

    return ForeignFlow(_Normflows(flow), shape)


def from_nflows(flow: nn.Module, shape: tuple[int, ...]) -> ForeignFlow:
    """Return the coordinates of a flow of the nflows library.

    Args:
        flow: A Flow without a context.
        shape: Shape of one datum.

    Example:
        >>> class Doubling(nn.Module):  # with the interface of nflows
        ...     def transform_to_noise(self, x):
        ...         return 2 * x
        >>> from_nflows(Doubling(), (2,)).encode(torch.ones(1, 2))
        tensor([[2., 2.]])
    """

    return ForeignFlow(_Nflows(flow), shape)


def from_freia(flow: nn.Module, shape: tuple[int, ...]) -> ForeignFlow:
    """Return the coordinates of a flow of the FrEIA library, of base N(0, I).

    Args:
        flow: A SequenceINN, a GraphINN or another invertible module.
        shape: Shape of one datum.

    Example:
        >>> class Doubling(nn.Module):  # with the interface of FrEIA
        ...     def forward(self, x, rev=False):
        ...         return (x / 2 if rev else 2 * x), torch.zeros(len(x))
        >>> from_freia(Doubling(), (2,)).decode(torch.ones(1, 2))
        tensor([[0.5000, 0.5000]])
    """

    return ForeignFlow(_Freia(flow), shape)


def from_diffusers(model: nn.Module, shape: tuple[int, int, int]) -> Autoencoder:
    """Return the coordinates of an autoencoder of the diffusers library.

    Images in [0, 1] are made those in [−1, 1] that it takes; latents have the unit
    variance that its scaling factor gives them.

    Args:
        model: An AutoencoderKL, or another with its interface.
        shape: Shape of one image.

    Example:
        >>> from types import SimpleNamespace
        >>> class Halving(nn.Module):  # with the interface of AutoencoderKL
        ...     config = {"scaling_factor": 0.5}
        ...     def encode(self, x):
        ...         return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: x))
        ...     def decode(self, z):
        ...         return SimpleNamespace(sample=z)
        >>> place = from_diffusers(Halving(), (1, 1, 2))
        >>> place.encode(torch.ones(1, 1, 1, 2))
        tensor([[0.5000, 0.5000]])
    """

    adapted = _Diffusers(model)
    example = next(model.parameters(), torch.zeros(()))

    with torch.no_grad():
        latent = adapted.encode(example.new_zeros(1, *shape))

    return Autoencoder(adapted, tuple(latent.shape[1:]))


class _Foreign(nn.Module):
    def __init__(self, flow: Any) -> None:  # noqa: ANN401 - of no known type
        super().__init__()
        self.flow = flow
        self.train(flow.training)


class _Normflows(_Foreign):
    def to_noise(self, x: Data) -> Sequence[Tensor]:
        return _parts(self.flow.inverse_and_log_det(x)[0])

    def to_data(self, noise: Sequence[Tensor]) -> Data:
        several = len(noise) > 1
        x: Data = self.flow.forward_and_log_det(noise if several else noise[0])[0]

        return x

    def log_prob(self, x: Data) -> Scores:
        noise, logdet = self.flow.inverse_and_log_det(x)
        bases = [self.flow.q0] if isinstance(noise, Tensor) else self.flow.q0
        pairs = zip(bases, _parts(noise), strict=True)
        density: Scores = logdet + sum(base.log_prob(part) for base, part in pairs)

        return density


class _Nflows(_Foreign):
    def to_noise(self, x: Data) -> Sequence[Tensor]:
        return [self.flow.transform_to_noise(x)]

    def to_data(self, noise: Sequence[Tensor]) -> Data:
        x: Data = self.flow._transform.inverse(noise[0])[0]  # noqa: SLF001 - no other way

        return x

    def log_prob(self, x: Data) -> Scores:
        density: Scores = self.flow.log_prob(x)

        return density


class _Freia(_Foreign):
    def to_noise(self, x: Data) -> Sequence[Tensor]:
        return _parts(self.flow(x)[0])

    def to_data(self, noise: Sequence[Tensor]) -> Data:
        x, _ = self.flow(noise[0] if len(noise) == 1 else list(noise), rev=True)

        return x if isinstance(x, Tensor) else x[0]

    def log_prob(self, x: Data) -> Scores:
        noise, logdet = self.flow(x)
        z = torch.cat([part.flatten(1) for part in _parts(noise)], dim=1)
        density: Scores = normal_log_prob(z) + logdet

        return density


class _Diffusers(_Foreign):
    def __init__(self, model: Any) -> None:  # noqa: ANN401 - of no known type
        super().__init__(model)
        settings = dict(model.config)
        self.scale = settings.get("scaling_factor") or 1.0
        self.shift = settings.get("shift_factor") or 0.0

    def encode(self, x: Data) -> Tensor:
        mean: Tensor = self.flow.encode(2 * x - 1).latent_dist.mode()

        return (mean - self.shift) * self.scale

    def decode(self, z: Tensor) -> Data:
        x: Tensor = self.flow.decode(z / self.scale + self.shift).sample

        return (x + 1) / 2


def _parts(noise: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    return [noise] if isinstance(noise, Tensor) else list(noise)
