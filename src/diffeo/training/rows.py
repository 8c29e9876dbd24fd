"""Fit a flow of tables by maximum likelihood."""

import torch
from torch import Tensor

from diffeo.coordinates.table import TableFlow
from diffeo.shapes import Data
from diffeo.training.schedule import Scheduled

__all__ = ["RowLikelihood"]


class RowLikelihood(Scheduled):
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

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:  # noqa: ARG002
        """Return the mean nats, with noise that this step owns."""

        loss = self._nats(batch[0], self.step_generator())
        self.log("train_nats", loss, prog_bar=True)

        return loss

    def validation_step(self, batch: list[Tensor], index: int) -> None:
        """Log the mean nats, with the same noise every epoch."""

        nats = self._nats(batch[0], torch.Generator().manual_seed(index))
        self.log("val_nats", nats, prog_bar=True)

    def _nats(self, x: Data, generator: torch.Generator) -> Tensor:
        x = self.model.dequantize(x, generator=generator)

        # splines want full precision
        with torch.autocast(x.device.type, enabled=False):
            return -self.model.log_prob(x).mean()
