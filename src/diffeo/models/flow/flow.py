"""A flow: a bijection from data to a standard normal latent, with its density."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from diffeo.models.flow.bijection import Bijection
from diffeo.models.flow.folded import Decoder, decoder, reversible_decoder
from diffeo.shapes import Data, Flags, Latent, Scores

__all__ = ["Flow", "Folded", "as_flow"]


class Flow(nn.Module):
    """A normalizing flow, ready to serve as coordinates.

    Args:
        bijection: From data to latent vectors.
        shape: Shape of one datum.
    """

    typical: Tensor

    def __init__(self, bijection: Bijection, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.bijection = bijection
        self.shape = shape
        self.register_buffer("typical", torch.tensor([-torch.inf, torch.inf]))

    def forward(self, x: Data) -> Scores:
        """Return `log_prob(x)`."""

        return self.log_prob(x)

    def encode(self, x: Data) -> Latent:
        """Return the latent coordinates of data.

        Raises:
            ValueError: If the data are of another shape than the flow's.
        """

        self._check(x)
        z, _ = self.bijection(x)

        return z

    def decode(self, z: Latent) -> Data:
        """Return the data at latent coordinates."""

        x, _ = self.bijection.inverse(z)

        return x

    def folded(self, dtype: torch.dtype | None = None) -> "Folded":
        """Return coordinates that decode the same data faster.

        Linear layers are folded into one, nothing is kept for gradients in parameters,
        and no log-determinants are computed. The parameters should not change as long
        as these coordinates are used.

        Args:
            dtype: Precision of the networks inside, if not the flow's own; with a lower
                one the data are those of the flow to that precision only.
        """

        own: torch.dtype = next(self.parameters()).dtype

        return Folded(self, decoder(self.bijection, dtype or own))

    def log_prob(self, x: Data) -> Scores:
        """Return the log-density of data, in nats.

        Source: Dombrowski et al., 2024, equation (6).

        Raises:
            ValueError: If the data are of another shape than the flow's.
        """

        self._check(x)
        z, logdet = self.bijection(x)

        return -(z.square() + math.log(2 * math.pi)).sum(1) / 2 + logdet

    def bits_per_dimension(self, x: Data, *, levels: int = 256) -> Scores:
        """Return the negative log2-density of one gray level, a mean over dimensions.

        Args:
            x: Dequantized images in units where the gray levels lie 1 / (levels − 1)
                apart.
            levels: Gray levels of the images.
        """

        nats = -self.log_prob(x) / math.prod(self.shape) + math.log(levels - 1)

        return nats / math.log(2)

    def is_typical(self, x: Data) -> Flags:
        """Return whether the log-density is among the central 99 % of held-out data.

        The bounds, measured after training, are stored with the weights. A flow without
        them finds all data typical.
        """

        with torch.no_grad():
            density = self.log_prob(x)

        low, high = self.typical

        central: Flags = (density >= low) & (density <= high)

        return central

    def sample(self, count: int, *, generator: torch.Generator) -> Data:
        """Return data decoded from a standard normal."""

        example: Tensor = next(self.parameters())
        z = torch.randn(
            count,
            math.prod(self.shape),
            generator=generator,
            dtype=example.dtype,
            device=example.device,
        )

        return self.decode(z)

    def _check(self, x: Data) -> None:
        if x.shape[1:] != self.shape:
            sides = ", ".join(map(str, self.shape))

            raise ValueError(f"x must be (batch, {sides}), got {tuple(x.shape)}")


@dataclass(frozen=True, eq=False)
class Folded:
    """Coordinates of a flow, made ready to decode often.

    Args:
        flow: The flow, which encodes.
        decoder: Its folded inverse.
    """

    flow: Flow
    decoder: Decoder

    def encode(self, x: Data) -> Latent:
        """Return the latent coordinates of data."""

        return self.flow.encode(x)

    def decode(self, z: Latent) -> Data:
        """Return the data at latent coordinates, differentiable in them alone."""

        return self.decoder(z)

    def reversible(self) -> "Folded":
        """Return coordinates that decode alike and keep least for the gradient.

        Their memory does not grow with the flow's steps, at the cost of running each
        coupling's network once more in the backward pass.
        """

        return replace(self, decoder=reversible_decoder(self.decoder))


def as_flow(model: nn.Module) -> Flow:
    """Return a model that is a flow.

    Raises:
        TypeError: If it is anything else.
    """

    if not isinstance(model, Flow):
        raise TypeError(f"the model must be a flow, got {type(model).__name__}")

    return model
