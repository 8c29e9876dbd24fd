"""Train flows, classifiers and other models, and store weights with a card."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from diffeo import zoo
from diffeo.batching import batches_of
from diffeo.data.labelled import LabelledImages
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.flow import Flow, as_flow
from diffeo.models.flow.recipes import Level
from diffeo.search.run import Backward, backward_named
from diffeo.shapes import Images, Indices, Scores
from diffeo.training.augmentation import RandomCrop
from diffeo.training.backward import choose_memory_mode
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit, training_device
from diffeo.training.likelihood import Likelihood
from diffeo.training.noise import Noise, UniformNoise
from diffeo.training.schedule import Schedule, Scheduled
from diffeo.training.supervised import Supervised

__all__ = [
    "FORMS",
    "TrainingOptions",
    "balanced_accuracy",
    "classifier_recipe",
    "flow_recipe",
    "mean_bits",
    "train_classifier",
    "train_flow",
    "train_module",
]

INITIAL = 2000 * 28 * 28  # values that the first scales of a flow are taken from
COARSEST = 4  # pixels a side of a flow's last scale, at least
FORMS = {  # scales of a flow, finest first; images that are small have the first
    "small": (Level(2, 32), Level(4, 48), Level(4, 64), Level(4, 96)),
    "medium": (Level(4, 48), Level(6, 80), Level(8, 128), Level(6, 160)),
    "large": (Level(4, 64), Level(6, 128), Level(8, 160), Level(8, 192)),
}
HELD_OUT = 500  # held-out data that are looked at together
TYPICAL = (0.005, 0.995)  # quantiles of held-out log-densities


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

    def __post_init__(self) -> None:
        backward_named(self.backward)

        if self.weights.suffix != ".safetensors":
            raise ValueError(f"weights must be a .safetensors file, got {self.weights}")

        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be at least 1, got {getattr(self, name)}"
                )


def flow_recipe(shape: tuple[int, ...], form: str = "large") -> zoo.Recipe:
    """Return the recipe of a flow of images: a Glow of as many levels as fit, up to 4.

    Args:
        shape: Channels, height and width of an image.
        form: "small", "medium" or "large"; the largest learns most, given time.

    Raises:
        ValueError: If height or width is odd, or there is no such form.

    Example:
        >>> len(flow_recipe((1, 28, 28)).settings["levels"])
        2
    """

    if any(side % 2 for side in shape[1:]):
        raise ValueError(
            f"height and width of the images must be even, got {shape[1]}×{shape[2]}"
        )

    if form not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}, got {form}")

    common, least = math.gcd(*shape[1:]), min(shape[1:])
    more = sum(
        common % 2**count == 0 and least >= COARSEST * 2**count
        for count in range(2, 1 + len(FORMS[form]))
    )
    levels = [asdict(level) for level in FORMS[form][: 1 + more]]

    return zoo.Recipe("glow", {"shape": list(shape), "levels": levels})


def classifier_recipe(shape: tuple[int, ...], classes: int) -> zoo.Recipe:
    """Return the recipe of a convolutional classifier of images.

    Args:
        shape: Channels, height and width of an image.
        classes: Number of classes.

    Example:
        >>> classifier_recipe((1, 28, 28), 10).name
        'cnn'
    """

    return zoo.Recipe("cnn", {"shape": list(shape), "classes": classes})


def train_flow(
    train: Images,
    held_out: Float[Tensor, "others channels height width"],
    card: zoo.Card,
    options: TrainingOptions,
    *,
    noise: Noise | None = None,
    crop: RandomCrop | None = None,
    schedule: Schedule | None = None,
) -> None:
    """Train a flow of images by maximum likelihood and store it.

    Args:
        train: Images in [0, 1] to train on; larger than the flow's if they are cropped.
        held_out: Images in [0, 1] that the figures and the bounds of typical
            log-densities are measured on.
        card: What to tell of the weights. Its recipe gets the seed, its command the
            backward pass that was taken, its figures what is measured.
        options: How long to train, and where to keep what.
        noise: What makes gray levels a density; `UniformNoise` if not given.
        crop: What is cut out of training images at random, if anything.
        schedule: How the weights are updated.

    Raises:
        FileNotFoundError: If there is no checkpoint to resume from.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> settings = {"shape": [1, 2, 2], "levels": [{"steps": 1, "width": 2}]}
        >>> recipe = zoo.Recipe("glow", settings)
        >>> card = zoo.Card(recipe, "noise", "an example", "none", {})
        >>> x = torch.rand(4, 1, 2, 2)
        >>> with TemporaryDirectory() as folder:
        ...     weights = Path(folder, "noise.safetensors")
        ...     how = TrainingOptions(weights, epochs=1, progress=False)
        ...     train_flow(x, x, card, how)
        ...     list(zoo.card(weights).figures)
        ['validation_bits_per_dim', 'parameters']
    """

    card = card.with_seed(options.seed)
    flow = as_flow(card.recipe.build())
    generator = torch.Generator().manual_seed(options.seed)
    noise = noise or UniformNoise()
    x = train[: math.ceil(INITIAL / math.prod(train.shape[1:]))]
    x = crop(x, generator=generator) if crop else x
    x = noise(x, 0.0, generator=generator)
    initialize(flow, x)
    mode = choose_memory_mode(
        flow, x[: options.batch_size], options.backward, options.device
    )
    card = replace(card, command=f"{card.command} --backward {mode}")
    module = Likelihood(
        flow,
        schedule or Schedule(),
        seed=options.seed,
        mode=mode,
        noise=noise,
        crop=crop,
    )
    train_module(
        module,
        (_pixels(train),),
        (_pixels(held_out),),
        card,
        options,
        lambda model: _measure_flow(model, held_out, noise),
    )


def train_classifier(
    train: LabelledImages,
    held_out: LabelledImages,
    card: zoo.Card,
    options: TrainingOptions,
    *,
    crop: RandomCrop | None = None,
    adjust: Callable[[nn.Module], object] | None = None,
) -> None:
    """Train a classifier of images by cross-entropy and store it.

    Args:
        train: Images to train on; larger than the held-out ones if they are cropped.
        held_out: Images that the accuracy is measured on.
        card: What to tell of the weights. Its recipe gets the seed, its figures what is
            measured.
        options: How long to train, and where to keep what.
        crop: What is cut out of training images at random, if anything.
        adjust: Changes the trained model in place before it is stored.

    Raises:
        FileNotFoundError: If there is no checkpoint to resume from.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> data = LabelledImages(torch.rand(8, 1, 4, 4), torch.arange(8) % 2)
        >>> recipe = zoo.Recipe("cnn", {"shape": [1, 4, 4], "classes": 2, "width": 2})
        >>> card = zoo.Card(recipe, "noise", "an example", "none", {})
        >>> with TemporaryDirectory() as folder:
        ...     weights = Path(folder, "noise.safetensors")
        ...     how = TrainingOptions(weights, epochs=1, progress=False)
        ...     train_classifier(data, data, card, how)
        ...     list(zoo.card(weights).figures)
        ['validation_accuracy', 'validation_balanced_accuracy', 'parameters']
    """

    card = card.with_seed(options.seed)
    model = card.recipe.build()
    module = Supervised(model, Schedule(decay=0.05), seed=options.seed, crop=crop)
    train_module(
        module,
        (train.pixels, train.labels),
        (held_out.pixels, held_out.labels),
        card,
        options,
        lambda model: _measure_classifier(model, held_out),
        adjust,
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
        card: What to tell of the weights; its recipe builds the model.
        options: How long to train, and where to keep what.
        measure: From the stored model to the figures on its card.
        adjust: Changes the trained model in place before it is stored.

    Raises:
        FileNotFoundError: If there is no checkpoint to resume from.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> recipe = zoo.Recipe("unet", {"channels": 1, "outputs": 2, "width": 4})
        >>> card = zoo.Card(recipe, "noise", "an example", "none", {})
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

    fit(
        module,
        batches(*train, size=options.batch_size, seed=options.seed),
        batches(*held_out, size=HELD_OUT, seed=None),
        Fit(
            options.weights.parent,
            options.epochs,
            resume=options.resume,
            figure=module.figure,
            progress=options.progress,
            device=options.device,
        ),
    )

    if adjust:
        adjust(module.model)

    zoo.save(module.model, card, options.weights)
    stored = zoo.load(options.weights)
    parameters = float(sum(value.numel() for value in stored.parameters()))
    figures = {**measure(stored), "parameters": parameters}
    zoo.save(stored, replace(card, figures=figures), options.weights)


def balanced_accuracy(right: Scores, labels: Indices) -> float:
    """Return the mean over the classes of the share of their data that is right.

    Args:
        right: 1 for each datum that a classifier gets right, else 0.
        labels: The true classes.

    Example:
        >>> balanced_accuracy(torch.tensor([1.0, 1.0, 0.0]), torch.tensor([0, 0, 1]))
        0.5
    """

    shares = [right[labels == label].mean() for label in labels.unique()]

    return torch.stack(shares).mean().item()


@torch.no_grad()
def mean_bits(flow: Flow, x: Images, noise: Noise) -> float:
    """Return the mean bits per dimension of images, with the same noise at each call.

    Args:
        flow: A trained flow.
        x: Images in [0, 1].
        noise: What makes their gray levels a density.

    Example:
        >>> from diffeo.models.flow.recipes import glow
        >>> x, flow = torch.rand(4, 1, 2, 2), glow((1, 2, 2), [Level(1, 2)]).eval()
        >>> initialize(flow, x)
        >>> mean_bits(flow, x, UniformNoise()) == mean_bits(flow, x, UniformNoise())
        True
    """

    generator = torch.Generator().manual_seed(0)
    bits = [
        flow.bits_per_dimension(noise(part, 1.0, generator=generator))
        for part in batches_of(x)
    ]

    return torch.cat(bits).mean().item()


@torch.no_grad()
def _measure_flow(model: nn.Module, held_out: Images, noise: Noise) -> dict[str, float]:
    """Set the bounds of typical log-densities and return the bits per dimension."""

    flow = as_flow(model)
    density = torch.cat([flow.log_prob(x) for x in batches_of(held_out)])
    flow.typical.copy_(density.quantile(torch.tensor(TYPICAL)))

    return {"validation_bits_per_dim": mean_bits(flow, held_out, noise)}


@torch.no_grad()
def _measure_classifier(model: nn.Module, held_out: LabelledImages) -> dict[str, float]:
    logits = torch.cat([model(x) for x in batches_of(held_out.images)])
    right = (logits.argmax(1) == held_out.labels).double()

    return {
        "validation_accuracy": right.mean().item(),
        "validation_balanced_accuracy": balanced_accuracy(right, held_out.labels),
    }


def _pixels(images: Images) -> Tensor:
    return (images * 255).round().to(torch.uint8)
