"""What accompanies a training: averaged weights and a bar."""

from contextlib import ExitStack

import pytorch_lightning as lightning
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor

from diffeo.progress import Bar, watch

__all__ = ["ShowProgress", "averaged_weights"]

EVERY = 10  # steps between two looks at the figures


def averaged_weights(decay: float) -> WeightAveraging:
    """Return a callback that averages weights, over few steps at first.

    After n steps the decay is the smaller of the one given and (1 + n) / (10 + n). The
    average then forgets the first weights in short trainings as well as in long ones.

    Source: the warm-up of tf.train.ExponentialMovingAverage, `num_updates`.

    Args:
        decay: Share of the average that a step keeps, in [0, 1).

    Example:
        >>> type(averaged_weights(0.999)).__name__
        'WeightAveraging'
    """

    def average(averaged: Tensor, current: Tensor, steps: Tensor) -> Tensor:
        n = steps.double()
        kept = ((1 + n) / (10 + n)).clamp(max=decay)

        return kept * averaged + (1 - kept) * current

    return WeightAveraging(use_buffers=False, avg_fn=average)


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
