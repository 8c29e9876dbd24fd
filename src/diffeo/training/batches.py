"""Batches in an order that depends on the seed and the epoch alone."""

from collections.abc import Iterator, Sized

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler, TensorDataset

__all__ = ["Shuffle", "batches"]


class Shuffle(Sampler[int]):
    """A new order each epoch, the same whenever that epoch is run.

    Args:
        data: What to shuffle.
        seed: Of all orders.
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
        tensors: With the same rows first.
        size: Rows in a batch.
        seed: Of the orders; None for the rows as they are, with the last batch short.
    """

    rows = TensorDataset(*tensors)

    if seed is None:
        return DataLoader(rows, batch_size=size)

    return DataLoader(
        rows, batch_size=size, sampler=Shuffle(rows, seed), drop_last=len(rows) > size
    )
