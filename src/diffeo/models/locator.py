"""A network that counts objects and says where they are."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from diffeo.models.unet import UNet
from diffeo.shapes import Images, Scores

__all__ = ["Locator"]

Map = Float[Tensor, "batch height width"]


class Locator(nn.Module):
    """A U-Net whose map says where objects are, and whose value how many.

    The value is a function of the coarsest features and of the sum of the map.

    Source: Ribera, Güera, Chen and Delp, 2019, Locating objects without bounding boxes,
    Figure 4.

    Args:
        channels: Channels of the images.
        width: Channels of the finest features; a multiple of four.
        depth: How often the sides are halved.
        patch: Side of the squares of pixels that are one place of the finest features.

    Example:
        >>> model = Locator(3, width=4, depth=1)
        >>> x = torch.rand(2, 3, 8, 8)
        >>> model(x).shape, model.map(x).shape
        (torch.Size([2]), torch.Size([2, 8, 8]))
    """

    def __init__(
        self, channels: int, *, width: int = 24, depth: int = 2, patch: int = 2
    ) -> None:
        super().__init__()
        self.network = UNet(channels, 1, width=width, depth=depth, patch=patch)
        inputs = self.network.widths[-1] + 1
        self.first = nn.Linear(inputs, inputs)
        self.last = nn.Linear(inputs, 1)

    def forward(self, x: Images) -> Scores:
        """Return the number of objects, a positive number that need not be whole."""

        return self.map_and_count(x)[1]

    def map(self, x: Images) -> Map:
        """Return the probability that an object is at each pixel."""

        return self.map_and_count(x)[0]

    def map_and_count(self, x: Images) -> tuple[Map, Scores]:
        """Return both."""

        coarse, *_, fine = self.network.features(x)
        probability = self.network.maps(fine)[:, 0].sigmoid()
        total = probability.sum((1, 2))[:, None]
        features = torch.cat((coarse.mean((2, 3)), total / 10), dim=1)
        value = self.last(functional.silu(self.first(features)))[:, 0]

        return probability, functional.softplus(value)
