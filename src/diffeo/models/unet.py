"""A U-Net: from images to maps of the same size."""

import torch
from torch import nn
from torch.nn import functional

from diffeo.models.seeded import seeded
from diffeo.shapes import Images, Maps

__all__ = ["UNet", "unet"]


class UNet(nn.Module):
    """Maps of images, from coarse features of the whole and fine ones of each place.

    Convolutions are normalized in groups, so that rows do not depend on their batch.

    Source: Ronneberger, Fischer and Brox, 2015, U-Net: Convolutional networks for
    biomedical image segmentation, Figure 1.

    Args:
        channels: Channels of the images.
        outputs: Channels of the maps.
        width: Channels of the finest features; each coarser level has twice as many.
        depth: How often the sides are halved.

    Example:
        >>> UNet(1, 3, width=4, depth=2)(torch.zeros(2, 1, 8, 8)).shape
        torch.Size([2, 3, 8, 8])
    """

    def __init__(self, channels: int, outputs: int, *, width: int, depth: int) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(depth + 1)]
        self.widths = tuple(widths)
        self.down = nn.ModuleList(
            _convolutions(inputs, outs)
            for inputs, outs in zip([channels, *widths[:-1]], widths, strict=True)
        )
        self.up = nn.ModuleList(
            _convolutions(coarse + fine, fine)
            for coarse, fine in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.last = nn.Conv2d(width, outputs, 1)

    def forward(self, x: Images) -> Maps:
        """Return the maps, before any nonlinearity."""

        maps: Maps = self.last(self.features(x)[-1])

        return maps

    def features(self, x: Images) -> list[Maps]:
        """Return the coarsest features, then finer and finer ones.

        Args:
            x: Images in [0, 1], their sides divisible by 2 to the depth.

        Raises:
            ValueError: If they are not.
        """

        halvings = 2 ** len(self.up)

        if x.shape[2] % halvings or x.shape[3] % halvings:
            raise ValueError(
                f"the sides of images must be divisible by {halvings}, got "
                f"{x.shape[2]}×{x.shape[3]}"
            )

        fine: list[Maps] = []
        hidden = 2 * x - 1

        for level, convolutions in enumerate(self.down):
            hidden = functional.max_pool2d(hidden, 2) if level else hidden
            hidden = convolutions(hidden)
            fine.append(hidden)

        found = [fine.pop()]

        for convolutions in self.up:
            wide = functional.interpolate(found[-1], scale_factor=2.0)
            found.append(convolutions(torch.cat((wide, fine.pop()), dim=1)))

        return found


def unet(
    channels: int, outputs: int, *, width: int = 16, depth: int = 3, seed: int = 0
) -> UNet:
    """Return an untrained U-Net.

    Args:
        channels: Channels of the images.
        outputs: Channels of the maps.
        width: Channels of the finest features; a multiple of four.
        depth: How often the sides are halved.
        seed: Seed of the initial weights.

    Example:
        >>> unet(1, 1, width=4, depth=1).last
        Conv2d(4, 1, kernel_size=(1, 1), stride=(1, 1))
    """

    with seeded(seed):
        return UNet(channels, outputs, width=width, depth=depth)


def _convolutions(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.GroupNorm(4, outputs),
        nn.SiLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.GroupNorm(4, outputs),
        nn.SiLU(),
    )
