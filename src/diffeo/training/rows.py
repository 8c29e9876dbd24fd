"""Fit a flow of tables by maximum likelihood."""

import torch
from torch import Tensor

from diffeo.coordinates.table import TableFlow
from diffeo.shapes import Data
from diffeo.training.drawn import DrawnLoss

__all__ = ["RowLikelihood"]


class RowLikelihood(DrawnLoss):
    """Minimize the negative log-density of rows with noise, in nats.

    Example:
        >>> from diffeo.columns import Column
        >>> from diffeo.coordinates.zuko import ZukoFlow
        >>> from diffeo.models.affine_spline import affine_spline
        >>> from diffeo.training.schedule import Schedule
        >>> flow = ZukoFlow(affine_spline(range(2), hidden=(8,)))
        >>> model = TableFlow(flow, [Column("age"), Column("height")])
        >>> RowLikelihood(model, Schedule(), seed=0).figure
        'val_nats'
    """

    model: TableFlow
    figure = "val_nats"
    unit = "nats"

    def loss(self, x: Data, generator: torch.Generator) -> Tensor:
        """Return the mean nats."""

        x = self.model.dequantize(x, generator=generator)

        # splines want full precision
        with torch.autocast(x.device.type, enabled=False):
            return -self.model.log_prob(x).mean()
