"""Batches in an order that depends on the seed and the epoch alone."""

import torch
from torch import Tensor
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

__all__ = ["batches", "to_images"]


def batches(
    *tensors: Tensor, size: int, seed: int | None
) -> DataLoader[tuple[Tensor, ...]]:
    """Return a loader of batches of rows, in a new order each epoch.

    The order is the same whenever that epoch is run; the trainer says which one it is.

    Args:
        tensors: Tensors with as many rows each.
        size: Rows in a batch.
        seed: Seed of the orders, in which a last batch that is short is left out; None
            for all rows as they are.

    Example:
        >>> [x.tolist() for (x,) in batches(torch.arange(4), size=2, seed=0)]
        [[0, 1], [3, 2]]
        >>> [x.tolist() for (x,) in batches(torch.arange(5), size=2, seed=None)]
        [[0, 1], [2, 3], [4]]
    """

    rows = _Rows(*tensors)
    size = min(size, max(1, len(rows)))

    if seed is None:
        return DataLoader(rows, batch_size=size, collate_fn=list)

    return DataLoader(
        rows,
        batch_size=size,
        sampler=DistributedSampler(rows, num_replicas=1, rank=0, seed=100_003 * seed),
        drop_last=len(rows) > size,
        collate_fn=list,
    )


class _Rows(TensorDataset):
    """Rows of tensors, of which a batch is taken at once."""

    def __getitems__(self, numbers: list[int]) -> tuple[Tensor, ...]:
        return tuple(tensor[numbers] for tensor in self.tensors)


def to_images(pixels: Tensor) -> Tensor:
    """Return images in [0, 1]: bytes divided by 255, floats as they are.

    Args:
        pixels: A batch of images.

    Example:
        >>> to_images(torch.tensor([[[[51]]]], dtype=torch.uint8)).item()
        0.20000000298023224
    """

    return pixels.float() / 255 if pixels.dtype == torch.uint8 else pixels
