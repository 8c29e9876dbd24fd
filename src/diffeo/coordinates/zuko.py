"""Flows of vectors from the zuko library as coordinates."""

import torch
from torch import nn
from zuko.lazy import Flow

from diffeo.shapes import Data, Latent, Scores

__all__ = ["ZukoFlow"]


class ZukoFlow(nn.Module):
    """An unconditional zuko flow, ready to serve as coordinates.

    Args:
        flow: A flow of vectors.
        shape: Shape of one datum; that of a vector if not given.

    Raises:
        ValueError: If the flow needs a context or is not of data of this shape.

    Example:
        >>> import zuko
        >>> flow = ZukoFlow(zuko.flows.NICE(4, transforms=1), (2, 2)).eval()
        >>> flow.decode(torch.zeros(3, 4)).shape
        torch.Size([3, 2, 2])
    """

    def __init__(self, flow: Flow, shape: tuple[int, ...] | None = None) -> None:
        super().__init__()
        self.flow = flow
        features = _features(flow)
        self.shape = (features,) if shape is None else shape

        if torch.Size(self.shape).numel() != features:
            raise ValueError(
                f"shape must hold the flow's {features} features, got {self.shape}"
            )

    def forward(self, x: Data) -> Scores:
        """Return `log_prob(x)`."""

        return self.log_prob(x)

    def encode(self, x: Data) -> Latent:
        """Return the latent coordinates of data."""

        z: Latent = self.flow().transform(x.flatten(1))

        return z

    def decode(self, z: Latent) -> Data:
        """Return the data at latent coordinates."""

        x: Data = self.flow().transform.inv(z)

        return x.reshape(len(z), *self.shape)

    def is_exact(self) -> bool:
        """Return True: a flow is a bijection."""

        return True

    def log_prob(self, x: Data) -> Scores:
        """Return the log-density of data, in nats."""

        density: Scores = self.flow().log_prob(x.flatten(1))

        return density


def _features(flow: Flow) -> int:
    features: int = flow().base.event_shape[-1]
    example = next(flow.parameters())

    try:
        with torch.no_grad():
            flow().transform(example.new_zeros(1, features))
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"flow must be unconditional, got one that fails without a context: {error}"
        ) from error

    return features
