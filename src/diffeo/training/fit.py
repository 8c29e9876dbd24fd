"""Run a training: progress, log, checkpoints, averaged weights."""

import logging
import signal
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import LambdaCallback, ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger
from rich.console import Console
from torch import Tensor, nn

from diffeo.files import write_atomically
from diffeo.models.precision import low_precision_dtype
from diffeo.training.callbacks import Averaging, ShowProgress

__all__ = ["Draw", "Fit", "fit", "training_device"]

Draw = Callable[[nn.Module, Path], object]
Loader = Iterable[Sequence[Tensor]]
CHECKPOINT, SAMPLES = "last.ckpt", "samples.png"
NEEDED = (
    "epoch",
    "state_dict",
    "callbacks",
    "loops",
    "optimizer_states",
    "lr_schedulers",
)
HINTS = (
    "Checkpoint directory .* exists and is not empty",
    "Experiment logs directory .* exists and is not empty",
    "The dirpath has changed from",
    "You are trying to `self.log\\(\\)` but `Trainer\\(barebones=True\\)`",
    "You defined a `validation_step` but have no `val_dataloader`",
    "The '?.*_dataloader'? does not have many workers",
    "The number of training batches",
    "`isinstance\\(treespec, LeafSpec\\)` is deprecated",
)


@dataclass(frozen=True)
class Fit:
    """How long to train, and where to keep what.

    Args:
        folder: Folder for the last checkpoint and the log; nothing is kept if None.
        epochs: Passes over the training data, at least one.
        resume: Whether to go on from the folder's last checkpoint.
        clip: Greatest norm of the gradient; a longer one is scaled down to it.
        average: Share of the moving average of the weights that each step keeps, in
            [0, 1); fewer at the beginning, so that short trainings lose nothing.
        figure: Name of a figure of validation: the weights of the epoch where it was
            least are kept. None for those of the last epoch.
        patience: Epochs after the best one with which the training ends early; None
            for no early end.
        progress: Whether to show a bar.
        precision: "auto" for bfloat16 where the processor has units for it, or "full".
        device: Where to compute, as PyTorch names it; "auto" for a GPU if there is one.
        draw: Writes a picture of the module's model, with averaged weights, into the
            folder after each epoch that is validated; None for no picture.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> Fit(None, epochs=0)
        Traceback (most recent call last):
        ValueError: epochs must be at least 1, got 0
    """

    folder: Path | None
    epochs: int
    resume: bool = False
    clip: float = 1.0
    average: float = 0.999
    figure: str | None = None
    patience: int | None = None
    progress: bool = True
    precision: Literal["auto", "full"] = "auto"
    device: str = "auto"
    draw: Draw | None = None

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"epochs must be at least 1, got {self.epochs}")

        if not 0 <= self.average < 1:
            raise ValueError(f"average must be in [0, 1), got {self.average}")

        if self.patience is not None and (self.patience < 1 or self.figure is None):
            raise ValueError(
                f"patience must be at least 1, with a figure, got {self.patience}"
            )


def fit(
    module: lightning.LightningModule,
    train: Loader,
    validation: Loader | None,
    how: Fit,
) -> None:
    """Train a module in place; at the end it has the averaged weights.

    After each epoch all that is needed to go on is kept in the folder's `last.ckpt`. A
    training that goes on from there ends with the weights of one that never stopped,
    even if no epoch is left.

    Args:
        module: The module, with its loss and optimizer.
        train: The training batches.
        validation: Batches on which figures are logged after each epoch, if any.
        how: How long, and where to keep what.

    Raises:
        FileNotFoundError: If there is no checkpoint to resume from.
        ValueError: If the checkpoint is broken or of another model; nothing is written.
        KeyboardInterrupt: If interrupted, after what was kept has been said.

    Example:
        >>> from diffeo.training.batches import batches
        >>> from diffeo.training.schedule import Schedule
        >>> from diffeo.training.supervised import Supervised
        >>> x, labels = torch.zeros(4, 1, 2, 2), torch.tensor([0, 1, 0, 1])
        >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
        >>> train = batches(x, labels, size=2, seed=0)
        >>> how = Fit(None, epochs=1, progress=False)
        >>> fit(Supervised(model, Schedule(), seed=0), train, None, how)
    """

    last = how.folder / CHECKPOINT if how.folder else None
    kept = _checked(last, module) if how.resume else None

    if kept:
        averaging = kept["callbacks"][Averaging.__qualname__]

        if kept["epoch"] + 1 >= how.epochs or averaging["waited"] == how.patience:
            module.load_state_dict(averaging["best"] or kept["state_dict"])

            return

    start = last if kept else None
    module.to(memory_format=torch.channels_last)

    with _quiet(), _interruptible(last):
        trainer = _trainer(how, validated=validation is not None)
        trainer.fit(module, train, validation, ckpt_path=start, weights_only=True)

    module.to(memory_format=torch.contiguous_format)


def _checked(last: Path | None, module: lightning.LightningModule) -> dict[str, Any]:
    """Return the checkpoint, if a training of this module can go on from it."""

    if last is None or not last.is_file():
        raise FileNotFoundError(f"a training to resume must have left {last}, got none")

    try:
        checkpoint: dict[str, Any] = torch.load(
            last, map_location="cpu", weights_only=True
        )
        kept = {name: x.shape for name, x in checkpoint["current_model_state"].items()}
        itemgetter(*NEEDED)(checkpoint)
    except Exception as error:  # noqa: BLE001 - of whatever a broken file makes
        raise ValueError(
            f"the checkpoint to resume from must be whole, got {last}, which cannot be "
            f"read ({type(error).__name__}); move it away to train from the start"
        ) from None

    if kept != {name: value.shape for name, value in module.state_dict().items()}:
        raise ValueError(
            f"the checkpoint to resume from must be of the same model, got {last} of "
            "another"
        )

    return checkpoint


@contextmanager
def _interruptible(last: Path | None) -> Iterator[None]:
    """Say what an interrupted training leaves, and let the interrupt pass."""

    handler = signal.getsignal(signal.SIGINT)

    try:
        yield
    except SystemExit as stop:  # the trainer's answer to an interrupt
        if not isinstance(stop.__context__, KeyboardInterrupt):
            raise

        signal.signal(signal.SIGINT, handler)
        kept = last is not None and last.is_file()
        left = f"{last} keeps its whole epochs, to resume from" if kept else "none kept"
        Console(stderr=True).print(
            f"Training interrupted: {left}.", markup=False, soft_wrap=True
        )

        raise KeyboardInterrupt from None


def _trainer(how: Fit, *, validated: bool) -> lightning.Trainer:
    """Return the trainer; it takes bfloat16 if the processor has units for it.

    Figures that nobody sees are not logged, which is a tenth of a small step's time.
    """

    rough = low_precision_dtype(training_device(how.device)) == torch.bfloat16
    kind, _, number = how.device.partition(":")
    callbacks: list[lightning.Callback] = [
        Averaging(how.average, how.figure, how.patience)
    ]

    if how.progress:
        callbacks.append(ShowProgress())

    if how.folder and how.draw:  # before the averages give way to the weights
        drawn = partial(_draw, how.draw, how.folder / SAMPLES)
        callbacks.insert(0, LambdaCallback(on_validation_epoch_end=drawn))

    if how.folder:
        checkpoint = ModelCheckpoint(
            how.folder,
            filename=CHECKPOINT.removesuffix(".ckpt"),
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )
        callbacks.append(checkpoint)

    return lightning.Trainer(
        max_epochs=how.epochs,
        accelerator=kind,
        devices=[int(number)] if number and kind != "cpu" else 1,
        precision="bf16-mixed" if rough and how.precision == "auto" else "32-true",
        gradient_clip_val=how.clip,
        callbacks=callbacks,
        enable_checkpointing=how.folder is not None,
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=CSVLogger(how.folder, name="", version="log") if how.folder else False,
        num_sanity_val_steps=0,
        barebones=not (validated or how.progress or how.folder),
    )


def _draw(
    draw: Draw, path: Path, _: lightning.Trainer, module: lightning.LightningModule
) -> None:
    """Draw what the averages, which the module has for validation, have come to."""

    write_atomically(path, partial(draw, module.get_submodule("model")))


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


def training_device(wish: str = "auto") -> torch.device:
    """Return where trainings run.

    Args:
        wish: As PyTorch names a device, or "auto" for a GPU if there is one.

    Example:
        >>> training_device().type in ("cpu", "cuda")
        True
    """

    if wish != "auto":
        return torch.device(wish)

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
