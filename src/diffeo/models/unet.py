"""A U-Net: from images to maps of the same size."""

import torch
from torch import nn
from torch.nn import functional

from diffeo.models.sides import check_sides
from diffeo.shapes import Images, Maps

__all__ = ["UNet"]


class UNet(nn.Module):
    """Maps of images, from coarse features of the whole and fine ones of each place.

    Convolutions are normalized in groups, so that rows do not depend on their batch.

    Source: Ronneberger, Fischer and Brox, 2015, U-Net: Convolutional networks for
    biomedical image segmentation, Figure 1.

    Args:
        channels: Channels of the images.
        outputs: Channels of the maps.
        width: Channels of the finest features, a multiple of four; each coarser level
            has twice as many.
        depth: How often the sides are halved.
        patch: Side of the squares of pixels that are one place of the finest features;
            2 takes a quarter of the time at equal width.

    Example:
        >>> UNet(1, 3, width=4, depth=2)(torch.zeros(2, 1, 8, 8)).shape
        torch.Size([2, 3, 8, 8])
    """

    def __init__(
        self,
        channels: int,
        outputs: int,
        *,
        width: int = 16,
        depth: int = 3,
        patch: int = 1,
    ) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(depth + 1)]
        self.widths = tuple(widths)
        self.patch = patch
        inside = [channels * patch**2, *widths[:-1]]
        self.down = nn.ModuleList(
            _convolutions(inputs, outs)
            for inputs, outs in zip(inside, widths, strict=True)
        )
        self.up = nn.ModuleList(
            _convolutions(coarse + fine, fine)
            for coarse, fine in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.last = nn.Conv2d(width, outputs * patch**2, 1)

    def forward(self, x: Images) -> Maps:
        """Return the maps, before any nonlinearity."""

        return self.maps(self.features(x)[-1])

    def maps(self, fine: Maps) -> Maps:
        """Return the maps of the finest features."""

        maps: Maps = functional.pixel_shuffle(self.last(fine), self.patch)

        return maps

    def features(self, x: Images) -> list[Maps]:
        """Return the coarsest features, then finer and finer ones.

        Args:
            x: Images in [0, 1], their sides divisible by the patch's, and that by 2 to
                the depth.

        Raises:
            ValueError: If they are not.
        """

        check_sides(x.shape[2:], self.patch * 2 ** len(self.up))
        fine: list[Maps] = []
        hidden = functional.pixel_unshuffle(2 * x - 1, self.patch)

        for level, convolutions in enumerate(self.down):
            hidden = functional.max_pool2d(hidden, 2) if level else hidden
            hidden = convolutions(hidden)
            fine.append(hidden)

        found = [fine.pop()]

        for convolutions in self.up:
            wide = functional.interpolate(found[-1], scale_factor=2.0)
            found.append(convolutions(torch.cat((wide, fine.pop()), dim=1)))

        return found


def _convolutions(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.GroupNorm(4, outputs),
        nn.SiLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.GroupNorm(4, outputs),
        nn.SiLU(),
    )
