"""Batches in an order that depends on the seed and the epoch alone."""

from collections.abc import Iterator, Sized

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler, TensorDataset

__all__ = ["Shuffle", "batches", "to_images"]


class Shuffle(Sampler[int]):
    """A new order each epoch, the same whenever that epoch is run.

    Args:
        data: The rows to shuffle.
        seed: Seed of the orders of all epochs.

    Example:
        >>> list(Shuffle(range(4), seed=0))
        [0, 1, 3, 2]
    """

    def __init__(self, data: Sized, seed: int) -> None:
        self.rows = len(data)
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch; the trainer calls this."""

        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        """Return the rows in this epoch's order."""

        generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)

        return iter(torch.randperm(self.rows, generator=generator).tolist())

    def __len__(self) -> int:
        """Return the number of rows."""

        return self.rows


def batches(
    *tensors: Tensor, size: int, seed: int | None
) -> DataLoader[tuple[Tensor, ...]]:
    """Return a loader of batches of rows.

    Args:
        tensors: Tensors with as many rows each.
        size: Rows in a batch.
        seed: Seed of the orders, in which a last batch that is short is left out; None
            for all rows as they are.

    Example:
        >>> [x.tolist() for (x,) in batches(torch.arange(5), size=2, seed=None)]
        [[0, 1], [2, 3], [4]]
    """

    rows = TensorDataset(*tensors)
    size = min(size, max(1, len(rows)))

    if seed is None:
        return DataLoader(rows, batch_size=size)

    return DataLoader(
        rows, batch_size=size, sampler=Shuffle(rows, seed), drop_last=len(rows) > size
    )


def to_images(pixels: Tensor) -> Tensor:
    """Return images in [0, 1]: bytes divided by 255, floats as they are.

    Args:
        pixels: A batch of images.

    Example:
        >>> to_images(torch.tensor([[[[51]]]], dtype=torch.uint8)).item()
        0.20000000298023224
    """

    return pixels.float() / 255 if pixels.dtype == torch.uint8 else pixels
