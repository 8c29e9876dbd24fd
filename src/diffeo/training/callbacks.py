"""What accompanies a training: averaged weights, a bar and pictures."""

import math
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytorch_lightning as lightning
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor

from diffeo.progress import Bar, watch

__all__ = ["Averaging", "ShowProgress"]


EVERY = 10  # steps between two looks at the figures


class Averaging(WeightAveraging):
    """Average weights, over few steps at first, and end with the best averages.

    After n steps the average keeps the smaller of `decay` and (1 + n) / (10 + n) of
    itself. It then forgets the first weights in short trainings as well as in long
    ones.

    Source: the warm-up of tf.train.ExponentialMovingAverage, `num_updates`.

    Args:
        decay: Share of the average that a step keeps, in [0, 1).
        figure: Name of a figure of validation: the averages of the epoch where it was
            least are those that are kept. None for the last ones.
        patience: Epochs after the best one with which the training ends; None for all.

    Example:
        >>> Averaging(0.999).best
        {}
    """

    def __init__(
        self, decay: float, figure: str | None = None, patience: int | None = None
    ) -> None:
        super().__init__(use_buffers=False, multi_avg_fn=partial(_average, decay))
        self.figure = figure
        self.patience = patience
        self.least = math.inf
        self.waited = 0
        self.best: dict[str, Tensor] = {}

    def on_validation_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Keep the averages, which the module has for validation, if they are best."""

        figures = trainer.callback_metrics
        self.waited += 1

        if self.figure in figures and float(figures[self.figure]) < self.least:
            self.least, self.waited = float(figures[self.figure]), 0
            weights = pl_module.state_dict()
            self.best = {name: x.clone() for name, x in weights.items()}

        trainer.should_stop |= self.waited == self.patience
        super().on_validation_epoch_end(trainer, pl_module)

    def on_train_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Give the module the best averages."""

        super().on_train_end(trainer, pl_module)

        if self.best:
            pl_module.load_state_dict(self.best)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""

        return {
            **super().state_dict(),
            "least": self.least,
            "best": self.best,
            "waited": self.waited,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what a checkpoint kept."""

        super().load_state_dict(state_dict)
        self.least, self.best = state_dict["least"], state_dict["best"]
        self.waited = state_dict["waited"]


def _average(
    decay: float, averages: list[Tensor], weights: list[Tensor], steps: Tensor
) -> None:
    n = steps.double()
    kept = ((1 + n) / (10 + n)).clamp(max=decay)
    new = 1 - kept

    for average, weight in zip(averages, weights, strict=True):
        average.mul_(kept).add_(new * weight)


class ShowProgress(lightning.Callback):
    """Show the steps and the figures that the module logs for the bar.

    Example:
        >>> isinstance(ShowProgress(), lightning.Callback)
        True
    """

    def __init__(self) -> None:
        self.bar: Bar
        self.open = ExitStack()

    def on_train_start(self, trainer: lightning.Trainer, *_: object) -> None:
        """Show an empty bar."""

        steps = int(trainer.estimated_stepping_batches)
        self.bar = self.open.enter_context(watch("Training", steps, shown=True))

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        """Show the figures every few steps."""

        if trainer.global_step % EVERY == 0:
            self._show(trainer)

    def on_train_epoch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        """Show the figures, those of validation too."""

        self._show(trainer)

    def on_train_end(self, *_: object) -> None:
        """Leave the bar as it is."""

        self.open.close()

    def on_exception(self, *_: object) -> None:
        """Leave the bar as it is."""

        self.open.close()

    def _show(self, trainer: lightning.Trainer) -> None:
        figures = trainer.progress_bar_metrics.items()
        note = ", ".join(f"{name} {float(value):.4g}" for name, value in figures)
        self.bar.update(trainer.global_step, note)
