"""Fit a flow to a user's images in the minutes that there are."""

import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from diffeo import zoo
from diffeo.data.images import read_images
from diffeo.data.picture_folder import pictures_in
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.flow import as_flow
from diffeo.models.precision import low_precision_dtype
from diffeo.shapes import Images
from diffeo.training.fit import training_device
from diffeo.training.noise import GaussianNoise, Noise, UniformNoise
from diffeo.training.schedule import Schedule
from diffeo.workflows.expectations import expected_of, why_glow
from diffeo.workflows.fit_options import FitOptions
from diffeo.workflows.image_quality import measure_quality
from diffeo.workflows.quality import Quality
from diffeo.workflows.train_flow import FORMS, flow_recipe, train_flow
from diffeo.workflows.training_plan import (
    ENOUGH,
    EPOCH,
    TRAINING,
    TrainingPlan,
    draft_options,
    mean_seconds,
    plan_of,
    split,
)

__all__ = ["fit_flow", "natural_side", "plan_training"]

SIDE = 64  # pixels, where nothing else is said
MOST_HELD_OUT = 500  # images
LARGE = 48  # pixels a side from which on the last bits of pixels are not learned
TWICE = 2  # times as long does a step take of the next larger form, at least
MOST_EPOCHS = 300


def natural_side(data: str, size: int | None) -> int | None:
    """Return the side that pictures are resized to; None to leave an array as it is.

    Args:
        data: A folder of pictures, or a file.
        size: The side wished for, in pixels; at most 64, and no more than the first
            picture has, if not given.

    Raises:
        FileNotFoundError: If there is nothing at the path.

    Example:
        >>> natural_side("digits", None), natural_side("faces", 32)
        (None, 32)
    """

    if size is not None or data == "digits":
        return size

    path = Path(data)
    first = next(iter(pictures_in(path).files)) if path.is_dir() else path
    shorter = min(read_images(first).images.shape[2:])

    return min(SIDE, shorter // 2 * 2)


def fit_flow(
    images: Images, options: FitOptions, *, resume: bool, tell: Callable[[str], object]
) -> tuple[Quality, dict[str, str]]:
    """Fit a flow to images and store it, whole or not at all.

    While it trains, all that is needed to go on is in a folder beside the weights.

    Args:
        images: Images in [0, 1] of one size.
        options: For how long, and where to keep what.
        resume: Whether to go on from what is there.
        tell: Called with sentences on what is done.

    Returns:
        How good the flow is, and what to know of its training, by name.

    Raises:
        FileNotFoundError: If there is nothing to resume.
        ValueError: If the images are too few or their sides odd, or what is to be
            resumed is another training.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> x = torch.rand(20, 1, 2, 2)
        >>> with TemporaryDirectory() as folder:
        ...     weights = Path(folder, "flow.safetensors")
        ...     how = FitOptions("noise", weights, epochs=1, progress=False)
        ...     quality, facts = fit_flow(x, how, resume=False, tell=lambda words: None)
        ...     sorted(path.name for path in Path(folder).iterdir())
        ['flow.md', 'flow.safetensors']
    """

    began = time.monotonic()
    shape = images.shape[1:]
    flow_recipe(shape)  # refuse odd sides first
    train, held_out = split(images, "data", "images", most=MOST_HELD_OUT)
    noise: Noise = GaussianNoise() if min(shape[1:]) >= LARGE else UniformNoise()

    def make() -> TrainingPlan:
        tell(f"{len(train):,} images to train on, {len(held_out):,} held out.")

        return plan_training(train, noise, options, time.monotonic() - began)

    plan = plan_of(images, options, make, resume=resume)

    for words in plan.words(shape):
        tell(words)

    chosen = _some(train, plan.images, options.seed)
    card = options.card(flow_recipe(shape, plan.form), plan.epochs)
    how = draft_options(plan, options)
    schedule = Schedule(rate=1e-3, warmup=max(1, min(200, plan.steps // 10)))
    train_flow(chosen, held_out, card, how, noise=noise, schedule=schedule)
    flow = as_flow(zoo.load(how.weights, options.device))
    quality = measure_quality(
        flow,
        chosen.to(options.device),
        held_out.to(options.device),
        noise,
        options.course("val_bits"),
        plan.steps,
    )
    facts = {
        "data": options.data,
        "images": f"{len(chosen):,} to train on, {len(held_out):,} held out, each "
        f"{'×'.join(map(str, shape))}",
        "flow": f"{plan.form} Glow, "
        f"{sum(value.numel() for value in flow.parameters()):,} parameters",
        "training": str(plan),
        "why a Glow": why_glow(),
        "of so many images": expected_of(len(chosen)),
        "bits are of images": "with normal noise of 3 gray levels"
        if isinstance(noise, GaussianNoise)
        else "of 256 gray levels",
    }
    zoo.save(flow, zoo.card(how.weights), options.weights)
    shutil.rmtree(options.folder)

    return quality, facts


def plan_training(
    train: Images, noise: Noise, options: FitOptions, spent: float
) -> TrainingPlan:
    """Time a few steps of each form of a flow and choose one, and for how long.

    Args:
        train: Images in [0, 1].
        noise: What is added to them.
        options: For how long, and where.
        spent: Seconds of the time that are gone.

    Example:
        >>> how = FitOptions("noise", Path("flow.safetensors"), minutes=0.1)
        >>> x = torch.rand(20, 1, 4, 4)
        >>> plan_training(x, UniformNoise(), how, spent=0.0).images
        20
    """

    began = time.monotonic()
    shape = train.shape[1:]
    gpu = not options.device.startswith("cpu")
    batch = min(16 if min(shape[1:]) >= LARGE and not gpu else 64, len(train))
    form, seconds, steps, left = "", math.inf, 0, 0.0

    for larger in FORMS:
        recipe = flow_recipe(shape, larger)
        needed = _seconds_a_step(recipe, train[:batch], noise, options.device)
        left = 60 * options.minutes * TRAINING - spent - (time.monotonic() - began)

        if form and left < ENOUGH * needed:
            break

        form, seconds, steps = larger, needed, max(1, int(left / needed))

        if options.epochs or steps < TWICE * ENOUGH:
            break

    images = len(train) if options.epochs else min(len(train), batch * steps)
    a_pass = max(1, images // batch) * seconds + EPOCH
    epochs = options.epochs or min(MOST_EPOCHS, max(1, int(left / a_pass)))

    return TrainingPlan(form, seconds, images, batch, epochs)


def _seconds_a_step(recipe: zoo.Recipe, x: Images, noise: Noise, device: str) -> float:
    """Return how long a step of a training takes, the first of all left out."""

    flow = as_flow(recipe.build())
    initialize(flow, noise(x, 0.0, generator=torch.Generator().manual_seed(0)))
    place = training_device(device)
    flow, x = flow.to(place), x.to(place)
    flow.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    dtype = low_precision_dtype(place)

    def loss() -> Tensor:
        with torch.autocast(place.type, dtype, enabled=dtype == torch.bfloat16):
            return flow.bits_per_dimension(x).mean()

    return mean_seconds(flow, loss)


def _some(images: Images, count: int, seed: int) -> Tensor:
    if count == len(images):
        return images

    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))

    return images[order[:count]]
