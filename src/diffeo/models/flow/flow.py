"""A flow: a bijection from data to a standard normal latent, with its density."""

import math

import torch
from torch import Tensor, nn

from diffeo.codec import Codec
from diffeo.models.flow.bijection import Bijection
from diffeo.shapes import Data, Flags, Latent, Scores
from diffeo.typical import normal_log_prob, within_bounds

__all__ = ["Flow", "as_flow"]


class Flow(nn.Module):
    """A normalizing flow, ready to serve as coordinates.

    Args:
        bijection: From data to latent vectors.
        shape: Shape of one datum.

    Example:
        >>> from diffeo.models.flow.layers import Whiten
        >>> flow = Flow(Whiten((1, 2, 2)), (1, 2, 2))
        >>> flow.encode(torch.zeros(3, 1, 2, 2)).shape
        torch.Size([3, 4])
    """

    def __init__(self, bijection: Bijection, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.bijection = bijection
        self.shape = shape
        self.typical = nn.Buffer(torch.tensor([-torch.inf, torch.inf]))

    def forward(self, x: Data) -> Scores:
        """Return `log_prob(x)`."""

        return self.log_prob(x)

    def encode(self, x: Data) -> Latent:
        """Return the latent coordinates of data.

        Raises:
            ValueError: If the data are of another shape than the flow's.
        """

        self._check(x)
        z: Latent = self.bijection(x)[0]

        return z

    def decode(self, z: Latent) -> Data:
        """Return the data at latent coordinates."""

        x, _ = self.bijection.inverse(z)

        return x

    def inference(
        self, *, dtype: torch.dtype | None = None, invertible: bool = False
    ) -> Codec | None:
        """Return coordinates that decode the same data faster.

        Their parameters are those of now and constant, linear layers are joined, and
        convolutions take the forms in which they are fastest.

        Args:
            dtype: Precision of the networks inside, if not the flow's own: bfloat16 or
                float16, with which the data are those of the flow to that precision.
            invertible: Whether the backward pass keeps only its output and recomputes
                the rest, in memory that does not grow with the flow's couplings.

        Returns:
            None if there is no such form.
        """

        own = next(self.parameters(), self.typical).dtype

        if dtype not in (None, own, torch.bfloat16, torch.float16):
            return None

        plain = self.bijection.inference(dtype or own)
        form = plain.invertible() if invertible else plain

        if form is None:
            return None

        return Codec(self.encode, lambda z: form.inverse(z)[0])

    def invertible(self) -> "Flow | None":
        """Return a flow of the same parameters whose backward pass keeps least.

        Its values and gradients are those of this flow, in memory that does not grow
        with the number of couplings, at the cost of running each network once more.
        Forward-mode derivatives want this flow.

        Returns:
            None if the flow has no parts of which something can be saved.
        """

        bijection = self.bijection.invertible()

        if bijection is None:
            return None

        other = Flow(bijection, self.shape)
        other.typical = self.typical

        return other.train(self.training)

    def log_prob(self, x: Data) -> Scores:
        """Return the log-density of data, in nats.

        Source: Dombrowski et al., 2024, equation (6).

        Raises:
            ValueError: If the data are of another shape than the flow's.
        """

        self._check(x)
        z, logdet = self.bijection(x)
        density: Scores = normal_log_prob(z) + logdet

        return density

    def is_exact(self) -> bool:
        """Return True: a flow is a bijection."""

        return True

    def bits_per_dimension(self, x: Data, *, levels: int = 256) -> Scores:
        """Return the negative log2-density of one gray level, a mean over dimensions.

        Args:
            x: Dequantized images in units where the gray levels lie 1 / (levels − 1)
                apart.
            levels: Gray levels of the images.
        """

        nats = -self.log_prob(x) / math.prod(self.shape) + math.log(levels - 1)

        return nats / math.log(2)

    def is_typical(self, x: Data) -> Flags | None:
        """Return whether the log-density is among the central 99 % of held-out data.

        Returns:
            None if the bounds, which are measured after training and stored with the
            weights, are not known.
        """

        return within_bounds(self.log_prob, x, self.typical)

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


def as_flow(model: nn.Module) -> Flow:
    """Return a model that is a flow.

    Raises:
        TypeError: If it is anything else.

    Example:
        >>> as_flow(nn.Identity())
        Traceback (most recent call last):
        TypeError: the model must be a flow, got Identity
    """

    if not isinstance(model, Flow):
        raise TypeError(f"the model must be a flow, got {type(model).__name__}")

    return model
