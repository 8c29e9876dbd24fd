"""Train a model of any kind, and store its weights with a card."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time

import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.search.run import Backward, backward_named
from diffeo.training.batches import batches
from diffeo.training.fit import Draw, Fit, fit, training_device
from diffeo.training.schedule import Schedule, Scheduled
from diffeo.workflows.train.processor import processor_time

__all__ = ["TrainingOptions", "train_module"]

HELD_OUT = 500  # held-out data that are looked at together


@dataclass(frozen=True)
class TrainingOptions:
    """How long to train, and where to keep what.

    Args:
        weights: File for the trained weights, its name ending in ".safetensors"; the
            card, the last checkpoint and the log are kept in its folder.
        epochs: Passes over the training images.
        batch_size: Images in a batch.
        seed: Seed of the first weights, of the order of the images and of noise.
        resume: Whether to go on from the folder's last checkpoint.
        progress: Whether to show a bar.
        backward: How a flow finds its gradients: "plain", "reversible" for memory that
            does not grow with its depth, or "auto" for plain where a batch fits.
        device: Where to train, as PyTorch names it; "auto" for a GPU if there is one.
        patience: Epochs after the best one on held-out data with which the training
            ends early, where it has a figure to tell; None for no early end.
        draw: Writes a picture of the model to a path, beside the checkpoint, after each
            epoch; None for none.
        schedule: How the weights are updated; as the kind of model usually is if None.

    Raises:
        ValueError: If `weights` ends otherwise, `epochs` or `batch_size` is below 1, or
            `backward` is unknown.

    Example:
        >>> TrainingOptions(Path("runs/mine/mine.safetensors"), epochs=20).batch_size
        128
    """

    weights: Path
    epochs: int
    batch_size: int = 128
    seed: int = 0
    resume: bool = False
    progress: bool = True
    backward: Backward = "auto"
    device: str = "auto"
    patience: int | None = None
    draw: Draw | None = None
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        backward_named(self.backward)

        if self.weights.suffix != ".safetensors":
            raise ValueError(f"weights must be a .safetensors file, got {self.weights}")

        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be at least 1, got {getattr(self, name)}"
                )


def train_module(
    module: Scheduled,
    train: tuple[Tensor, ...],
    held_out: tuple[Tensor, ...],
    card: zoo.Card,
    options: TrainingOptions,
    measure: Callable[[nn.Module], dict[str, float]],
    adjust: Callable[[nn.Module], object] | None = None,
) -> None:
    """Train any model by its own loss, store it, and measure what is stored.

    Args:
        module: The model with its loss.
        train: Tensors of training data, with as many rows each.
        held_out: Such tensors, on which the loss is logged after each epoch.
        card: What to tell of the weights; its recipe builds the model. It gets the
            accelerator, if there is one, and the processor time.
        options: How long to train, and where to keep what.
        measure: From the stored model to the figures on its card.
        adjust: Changes the trained model in place before it is stored.

    Raises:
        FileNotFoundError: If there is no checkpoint to resume from.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> recipe = zoo.Recipe("unet", {"channels": 1, "outputs": 2, "width": 4})
        >>> card = zoo.Card(recipe, "noise", "an example", "none", {})
        >>> from diffeo.training.supervised import Supervised
        >>> module = Supervised(recipe.build(), Schedule(), seed=0)
        >>> x = torch.randint(256, (4, 1, 8, 8), dtype=torch.uint8)
        >>> data = x, (x > 127)[:, 0].long()
        >>> with TemporaryDirectory() as folder:
        ...     weights = Path(folder, "noise.safetensors")
        ...     how = TrainingOptions(weights, epochs=1, progress=False)
        ...     train_module(module, data, data, card, how, lambda model: {"a": 1.0})
        ...     zoo.card(weights).figures["a"]
        1.0
    """

    device = training_device(options.device)

    if device.type == "cuda":
        card = replace(card, accelerator=torch.cuda.get_device_name(device))

    start = process_time()
    fit(
        module,
        batches(*train, size=options.batch_size, seed=options.seed),
        batches(*held_out, size=HELD_OUT, seed=None),
        Fit(
            options.weights.parent,
            options.epochs,
            resume=options.resume,
            figure=module.figure,
            patience=options.patience,
            progress=options.progress,
            device=options.device,
            draw=options.draw,
        ),
    )

    card = replace(
        card, time=processor_time(process_time() - start, resumed=options.resume)
    )

    if adjust:
        adjust(module.model)

    zoo.save(module.model, card, options.weights)
    stored = zoo.load(options.weights)
    parameters = float(sum(value.numel() for value in stored.parameters()))
    figures = {**measure(stored), "parameters": parameters}
    zoo.save(stored, replace(card, figures=figures), options.weights)
