"""Fit a generative model to a user's images in the minutes that there are."""

import math
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import torch
from torch import Tensor

from diffeo import zoo
from diffeo.data.images import read_images
from diffeo.data.picture_folder import pictures_in
from diffeo.models.precision import low_precision_dtype
from diffeo.shapes import Images
from diffeo.training.fit import training_device
from diffeo.training.schedule import Schedule
from diffeo.workflows.fit.field import FieldModel
from diffeo.workflows.fit.glow import GlowModel
from diffeo.workflows.fit.image_model import SIZES, ImageModel
from diffeo.workflows.fit.image_quality import measure_quality
from diffeo.workflows.fit.options import FitOptions
from diffeo.workflows.fit.plan import (
    ENOUGH,
    EPOCH,
    TRAINING,
    TrainingPlan,
    draft_options,
    hold_out,
    mean_seconds,
    plan_of,
)
from diffeo.workflows.fit.quality import Quality
from diffeo.workflows.fit.vae import VAEModel

__all__ = ["GENERATORS", "fit_images", "natural_side", "plan_training"]

GENERATORS: Mapping[str, type[ImageModel]] = {
    "glow": GlowModel,
    "flow-matching": FieldModel,
    "vae": VAEModel,
}
"""What can be fitted to images, by name."""
SIDE = 64  # pixels, where nothing else is said
MOST_HELD_OUT = 500  # images
TWICE = 2  # times as long does a step take of the next larger size, at least
MOST_EPOCHS = 300
BATCH = 64  # images, where they are small or an accelerator trains


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


def fit_images(
    images: Images, options: FitOptions, *, resume: bool, tell: Callable[[str], object]
) -> tuple[Quality, dict[str, str]]:
    """Fit a generative model to images and store it, whole or not at all.

    While it trains, all that is needed to go on is in a folder beside the weights.

    Args:
        images: Images in [0, 1] of one size.
        options: What to fit, for how long, and where to keep what.
        resume: Whether to go on from what is there.
        tell: Called with sentences on what is done.

    Returns:
        How good the model is, and what to know of its training, by name.

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
        ...     _, facts = fit_images(x, how, resume=False, tell=lambda words: None)
        ...     sorted(path.name for path in Path(folder).iterdir())
        ['flow.md', 'flow.safetensors']
    """

    began = time.monotonic()
    channels, height, width = images.shape[1:]
    kind = GENERATORS[options.generator]((channels, height, width))
    train, held_out = hold_out(images, "data", "images", most=MOST_HELD_OUT)

    def make() -> TrainingPlan:
        tell(f"{len(train):,} images to train on, {len(held_out):,} held out.")

        return plan_training(kind, train, options, time.monotonic() - began)

    plan = plan_of(images, options, make, resume=resume)

    for words in _words(kind, plan):
        tell(words)

    chosen = _some(train, plan.images, options.seed)
    card = options.card(kind.recipe(plan.form), plan.epochs)
    schedule = Schedule(rate=1e-3, warmup=max(1, min(200, plan.steps // 10)))
    how = replace(draft_options(plan, options), schedule=schedule)
    kind.train((chosen, held_out), card, how)
    model = zoo.load(how.weights, options.device)
    course = options.course(kind.figure)
    quality = measure_quality(
        kind,
        model,
        chosen.to(options.device),
        held_out.to(options.device),
        course,
        plan.steps,
    )
    facts = {
        "data": options.data,
        "images": f"{len(chosen):,} to train on, {len(held_out):,} held out, each "
        f"{'×'.join(map(str, kind.shape))}",
        "model": f"{kind.title}, {plan.form}, "
        f"{sum(value.numel() for value in model.parameters()):,} parameters",
        "training": f"{len(course)} of {plan}",
        "what to expect": " ".join(kind.expectations(plan.steps, len(chosen))),
        **kind.facts(),
    }
    card = replace(zoo.card(how.weights), verdict=quality.verdict)
    zoo.save(model, card, options.weights)
    shutil.rmtree(options.folder)

    return quality, facts


def plan_training(
    kind: ImageModel, train: Images, options: FitOptions, spent: float
) -> TrainingPlan:
    """Time a few steps of each size of a model and choose one, and for how long.

    Args:
        kind: What is fitted.
        train: Images in [0, 1].
        options: For how long, and where.
        spent: Seconds of the time that are gone.

    Example:
        >>> how = FitOptions("noise", Path("flow.safetensors"), minutes=0.1)
        >>> x = torch.rand(20, 1, 4, 4)
        >>> plan_training(GlowModel((1, 4, 4)), x, how, spent=0.0).images
        20
    """

    began = time.monotonic()
    slow = kind.large and options.device.startswith("cpu")
    batch = min(kind.batch if slow else BATCH, len(train))
    form, seconds, steps, left = "", math.inf, 0, 0.0

    for larger in SIZES:
        needed = _seconds_a_step(kind, larger, train[:batch], options.device)
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


def _seconds_a_step(kind: ImageModel, form: str, x: Images, device: str) -> float:
    """Return how long a step of a training takes, the first of all left out."""

    model, generator = kind.untrained(form, x), torch.Generator().manual_seed(0)
    place = training_device(device)
    model, x = model.to(place), x.to(place)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    dtype = low_precision_dtype(place)

    def loss() -> Tensor:
        with torch.autocast(place.type, dtype, enabled=dtype == torch.bfloat16):
            return kind.loss(model, x, generator)

    return mean_seconds(model, loss)


def _words(kind: ImageModel, plan: TrainingPlan) -> Iterator[str]:
    """Yield what is done and why, and what to expect, in sentences."""

    sides = "×".join(map(str, kind.shape))
    end = datetime.now().astimezone() + timedelta(minutes=plan.minutes)

    yield (
        f"{kind.title} for images of {sides}, {plan.form}: the largest of "
        f"{', '.join(SIZES)} that gets {ENOUGH:,} steps in the time, else the smallest."
    )
    yield (
        f"A step of {plan.batch_size} images takes {plan.seconds:.2g} s: "
        f"{plan.steps:,} steps, {plan.epochs} passes over {plan.images:,} images, "
        f"about {plan.minutes:.2g} minutes, until {end:%H:%M}."
    )
    yield from kind.expectations(plan.steps, plan.images)


def _some(images: Images, count: int, seed: int) -> Tensor:
    if count == len(images):
        return images

    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))

    return images[order[:count]]
