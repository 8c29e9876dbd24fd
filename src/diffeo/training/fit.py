"""Run a training: progress, log, checkpoints, averaged weights."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import (
    EMAWeightAveraging,
    ModelCheckpoint,
    TQDMProgressBar,
)
from pytorch_lightning.loggers import CSVLogger
from torch import Tensor
from torch.utils.data import DataLoader

from diffeo.models.precision import low_precision_dtype

__all__ = ["Fit", "fit", "training_device", "training_precision"]

Loader = DataLoader[tuple[Tensor, ...]]
CHECKPOINT = "last.ckpt"
HINTS = (
    "Checkpoint directory .* exists and is not empty",
    "The dirpath has changed from",
    "The '?.*_dataloader'? does not have many workers",
    "The number of training batches",
    "`isinstance\\(treespec, LeafSpec\\)` is deprecated",
)


@dataclass(frozen=True)
class Fit:
    """How long to train, and where to keep what.

    Args:
        folder: For checkpoints and the log.
        epochs: Passes over the training data.
        resume: Whether to go on from the folder's last checkpoint.
        clip: Greatest norm of the gradient.
        average: Decay of the moving average of the weights.
        progress: Whether to show a bar.
    """

    folder: Path
    epochs: int
    resume: bool = False
    clip: float = 1.0
    average: float = 0.999
    progress: bool = True


def fit(
    module: lightning.LightningModule, train: Loader, validation: Loader, how: Fit
) -> None:
    """Train a module in place; at the end it has the averaged weights.

    Args:
        module: What to train.
        train: Its training batches.
        validation: Its validation batches, looked at after each epoch.
        how: How long, and where to keep what.

    Raises:
        FileNotFoundError: If there is no checkpoint to resume from.
    """

    last = how.folder / CHECKPOINT

    if how.resume and not last.is_file():
        raise FileNotFoundError(f"a training to resume must have left {last}")

    module.to(memory_format=torch.channels_last)

    with _quiet():
        _trainer(how).fit(
            module,
            train,
            validation,
            ckpt_path=last if how.resume else None,
            weights_only=True,
        )

    module.to(memory_format=torch.contiguous_format)


def _trainer(how: Fit) -> lightning.Trainer:
    return lightning.Trainer(
        max_epochs=how.epochs,
        accelerator="auto",
        devices=1,
        precision=training_precision(),
        gradient_clip_val=how.clip,
        callbacks=[
            EMAWeightAveraging(decay=how.average, use_buffers=False),
            ModelCheckpoint(
                how.folder,
                filename=CHECKPOINT.removesuffix(".ckpt"),
                save_on_train_epoch_end=True,
                enable_version_counter=False,
            ),
            *([TQDMProgressBar(refresh_rate=10)] if how.progress else []),
        ],
        enable_progress_bar=how.progress,
        enable_model_summary=False,
        logger=CSVLogger(how.folder, name="", version="log"),
        log_every_n_steps=50,
        num_sanity_val_steps=0,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the trainer's hints on hardware, workers and folders from the terminal."""

    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.WARNING)

    try:
        with warnings.catch_warnings():
            for hint in HINTS:
                warnings.filterwarnings("ignore", message=hint)

            yield
    finally:
        logger.setLevel(level)


def training_precision() -> Literal["bf16-mixed", "32-true"]:
    """Return bfloat16 for convolutions where the processor has units for it."""

    rough = low_precision_dtype(training_device())

    return "bf16-mixed" if rough == torch.bfloat16 else "32-true"


def training_device() -> torch.device:
    """Return where trainings run."""

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
