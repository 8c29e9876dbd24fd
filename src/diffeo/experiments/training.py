"""The trainings behind the shipped weights."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import nn

from diffeo import zoo
from diffeo.batching import batches_of
from diffeo.data.mnist import Digits, mnist
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.dequantization import dequantize
from diffeo.models.flow.flow import as_flow
from diffeo.models.flow.recipes import Level
from diffeo.run import Backward, backward_named
from diffeo.training.backward import choose_memory_mode
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.likelihood import Likelihood
from diffeo.training.schedule import Schedule
from diffeo.training.supervised import Supervised

__all__ = ["TRAININGS", "Training", "train_digits_cnn", "train_digits_flow"]

MNIST = "MNIST, 55,000 of the official training digits (LeCun, Cortes and Burges)"
MNIST_TERMS = "weights Apache-2.0; MNIST is often listed as CC BY-SA 3.0"

DIGITS_FLOW = zoo.Recipe(
    "glow",
    {
        "shape": [1, 28, 28],
        "levels": [asdict(Level(4, 64)), asdict(Level(6, 128))],
    },
)
DIGITS_CNN = zoo.Recipe("cnn", {"shape": [1, 28, 28], "classes": 10})


@dataclass(frozen=True)
class Training:
    """What a training of the command line is told.

    Args:
        folder: For the weights, checkpoints and the log.
        data: The data set's folder; the environment variable DIFFEO_DATA if not given.
        epochs: Passes over the training data.
        seed: Of weights, order and noise.
        resume: Whether to go on from the folder's last checkpoint.
        progress: Whether to show a bar.
        backward: How a flow of images finds its gradients: "plain", "reversible", or
            "auto" for plain where a batch fits into memory.
    """

    folder: Path
    data: Path | None
    epochs: int
    seed: int = 0
    resume: bool = False
    progress: bool = True
    backward: Backward = "auto"

    def __post_init__(self) -> None:
        backward_named(self.backward)


def train_digits_flow(
    training: Training,
    *,
    recipe: zoo.Recipe = DIGITS_FLOW,
    rows: int | None = None,
    size: int = 128,
) -> Path:
    """Train a flow of handwritten digits and return the path of its weights.

    Args:
        training: How long, and where.
        recipe: The flow.
        rows: Use only the first so many digits of each set.
        size: Digits in a batch.
    """

    train = mnist("train", training.data).select(slice(rows))
    held_out = mnist("validation", training.data).select(slice(rows))
    recipe = _seeded(recipe, training.seed)
    flow = as_flow(recipe.build())
    generator = torch.Generator().manual_seed(training.seed)
    initialize(flow, dequantize(train.images[:2000], generator=generator))
    x = dequantize(train.images[:size], generator=generator)
    mode = choose_memory_mode(flow, x, training.backward)
    module = Likelihood(flow, Schedule(), seed=training.seed, mode=mode)
    _run(module, train, held_out, training, size)

    path = training.folder / "mnist-flow.safetensors"
    measure = partial(_measure_flow, digits=held_out)
    _store(flow, recipe, path, training, measure, f" --backward {mode}")

    return path


def train_digits_cnn(
    training: Training,
    *,
    recipe: zoo.Recipe = DIGITS_CNN,
    rows: int | None = None,
    size: int = 128,
) -> Path:
    """Train a classifier of handwritten digits and return the path of its weights.

    Args:
        training: How long, and where.
        recipe: The classifier.
        rows: Use only the first so many digits of each set.
        size: Digits in a batch.
    """

    train = mnist("train", training.data).select(slice(rows))
    held_out = mnist("validation", training.data).select(slice(rows))
    recipe = _seeded(recipe, training.seed)
    model = recipe.build()
    module = Supervised(model, Schedule(decay=0.05), seed=training.seed)
    _run(module, train, held_out, training, size)

    path = training.folder / "mnist-cnn.safetensors"
    _store(model, recipe, path, training, partial(_measure_cnn, digits=held_out))

    return path


def _run(
    module: Likelihood | Supervised,
    train: Digits,
    held_out: Digits,
    training: Training,
    size: int,
) -> None:
    fit(
        module,
        batches(train.pixels, train.labels, size=size, seed=training.seed),
        batches(held_out.pixels, held_out.labels, size=500, seed=None),
        Fit(
            training.folder,
            training.epochs,
            resume=training.resume,
            progress=training.progress,
        ),
    )


def _store(
    model: nn.Module,
    recipe: zoo.Recipe,
    path: Path,
    training: Training,
    measure: Callable[[nn.Module], dict[str, float]],
    options: str = "",
) -> None:
    """Save weights, then measure them as they are stored, then save the figures too."""

    card = zoo.Card(
        recipe,
        data=MNIST,
        command=f"diffeo train {path.stem} --epochs {training.epochs} "
        f"--seed {training.seed}{options}",
        terms=MNIST_TERMS,
        figures={},
    )
    zoo.save(model, card, path)
    stored = zoo.load(path)
    zoo.save(stored, replace(card, figures=measure(stored)), path)


@torch.no_grad()
def _measure_flow(model: nn.Module, *, digits: Digits) -> dict[str, float]:
    """Set the bounds of typical log-densities and return the figures of a flow."""

    flow = as_flow(model)
    generator = torch.Generator().manual_seed(0)
    bits, density = [], []

    for x in batches_of(digits.images):
        noisy = dequantize(x, generator=generator)
        bits.append(flow.bits_per_dimension(noisy))
        density.append(flow.log_prob(x))

    ends = torch.tensor([0.005, 0.995])
    flow.typical.copy_(torch.cat(density).quantile(ends))

    return {"validation_bits_per_dim": torch.cat(bits).mean().item(), **_size(flow)}


@torch.no_grad()
def _measure_cnn(model: nn.Module, *, digits: Digits) -> dict[str, float]:
    logits = torch.cat([model(x) for x in batches_of(digits.images)])
    right = (logits.argmax(1) == digits.labels).float().mean()

    return {"validation_accuracy": right.item(), **_size(model)}


def _size(model: nn.Module) -> dict[str, float]:
    return {"parameters": float(sum(value.numel() for value in model.parameters()))}


def _seeded(recipe: zoo.Recipe, seed: int) -> zoo.Recipe:
    return replace(recipe, settings={**recipe.settings, "seed": seed})


TRAININGS: dict[str, tuple[Callable[[Training], Path], int]] = {
    "mnist-flow": (train_digits_flow, 18),
    "mnist-cnn": (train_digits_cnn, 5),
}
"""The function of each training, and how many epochs it takes by default."""
