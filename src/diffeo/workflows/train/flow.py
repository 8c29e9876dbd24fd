"""Train flows of images, small or large."""

import math
from dataclasses import asdict, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from diffeo import zoo
from diffeo.batching import in_batches
from diffeo.data.levels import to_bytes
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.flow import as_flow
from diffeo.models.flow.recipes import Level
from diffeo.models.sides import levels_that_fit
from diffeo.shapes import Images, Scores
from diffeo.training.augmentation import RandomCrop
from diffeo.training.backward import choose_memory_mode
from diffeo.training.likelihood import Likelihood
from diffeo.training.noise import Noise, UniformNoise
from diffeo.training.schedule import Schedule
from diffeo.workflows.train.module import TrainingOptions, train_module

__all__ = ["FORMS", "flow_recipe", "train_flow"]

INITIAL = 2000 * 28 * 28  # values that the first scales of a flow are taken from
FORMS = {  # scales of a flow, finest first; images that are small have the first
    "small": (Level(2, 32), Level(4, 48), Level(4, 64), Level(4, 96)),
    "medium": (Level(4, 48), Level(6, 80), Level(8, 128), Level(6, 160)),
    "large": (Level(4, 64), Level(6, 128), Level(8, 160), Level(8, 192)),
}
TYPICAL = (0.005, 0.995)  # quantiles of held-out log-densities


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

    levels = [asdict(level) for level in levels_that_fit(FORMS[form], shape[1:])]

    return zoo.Recipe("glow", {"shape": list(shape), "levels": levels})


def train_flow(
    train: Images,
    held_out: Float[Tensor, "others channels height width"],
    card: zoo.Card,
    options: TrainingOptions,
    *,
    noise: Noise | None = None,
    crop: RandomCrop | None = None,
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

    Raises:
        FileNotFoundError: If there is no checkpoint to resume from.

    Example:
        >>> from pathlib import Path
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
    schedule = options.schedule or Schedule()
    module = Likelihood(
        flow, schedule, seed=options.seed, mode=mode, noise=noise, crop=crop
    )
    train_module(
        module,
        (to_bytes(train),),
        (to_bytes(held_out),),
        card,
        options,
        lambda model: _measure_flow(model, held_out, noise),
    )


@torch.no_grad()
def _measure_flow(model: nn.Module, held_out: Images, noise: Noise) -> dict[str, float]:
    """Set the bounds of typical log-densities and return the bits per dimension."""

    flow, generator = as_flow(model), torch.Generator().manual_seed(0)
    density = in_batches(flow.log_prob, held_out)
    flow.typical.copy_(density.quantile(torch.tensor(TYPICAL)))

    def bits(part: Images) -> Scores:
        return flow.bits_per_dimension(noise(part, 1.0, generator=generator))

    return {"validation_bits_per_dim": in_batches(bits, held_out).mean().item()}
