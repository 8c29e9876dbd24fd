"""A model of batches of one size, asked about batches of any."""

import torch
from torch import nn

from diffeo.shapes import Data, Outputs

__all__ = ["FixedBatch"]


class FixedBatch(nn.Module):
    """Ask a model of so many rows at a time about any number of rows.

    That is how models are exported unless the size of a batch is said to vary. The last
    batch is filled with copies of its last row.

    Args:
        model: Takes a batch of `size` rows.
        size: Number of rows.

    Example:
        >>> two = FixedBatch(nn.Unflatten(0, (2, 1)), 2).eval()
        >>> two.model = nn.Sequential(two.model, nn.Flatten(0, 1))
        >>> two(torch.arange(3.0)[:, None])
        tensor([[0.],
                [1.],
                [2.]])
    """

    def __init__(self, model: nn.Module, size: int) -> None:
        super().__init__()
        self.model = model
        self.size = size
        self.train(model.training)

    def forward(self, x: Data) -> Outputs:
        """Return the model's outputs for all rows."""

        filling = x[-1:].expand(-len(x) % self.size, *x.shape[1:])
        batches = torch.cat((x, filling)).split(self.size)

        return torch.cat([self.model(batch) for batch in batches])[: len(x)]
