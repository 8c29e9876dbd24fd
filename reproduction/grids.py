"""How many Euler steps, and of which lengths: what each grid costs and loses."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import cast

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from diffeo import zoo
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.grids import (
    on_times,
    round_trip_rms,
    times_of_least_error,
    times_towards_data,
)
from diffeo.data.celeba import celeba
from diffeo.data.mnist import mnist
from diffeo.shapes import Images, Model
from diffeo.training.batches import to_images
from diffeo.typical import length_ratio
from reproduction.celeba.training import SIZE
from reproduction.domain import trained
from reproduction.experiment import Experiment, ExperimentOptions, Findings, median
from reproduction.figures import saved
from reproduction.generators import frechet_distance, last_hidden
from reproduction.last_step import ROUNDS, last_step_figures

__all__ = ["GRIDS"]


@dataclass(frozen=True)
class Kind:
    """A velocity field, real images, and what they are compared by.

    Args:
        field: Name of the weights of the field.
        read: From the folder of the data to validation images of 8 bits.
        classifier: Loads a classifier; images are compared by its last hidden layer.
        encoded: How many images are encoded.
        made: How many images are sampled, and compared with as many real ones.
        opened: Of how many images the last step is looked at.
    """

    field: str
    read: Callable[[Path | None], Tensor]
    classifier: Callable[[], nn.Module]
    encoded: int
    made: int
    opened: int


DIGITS = Kind(
    "mnist-flow-matching",
    lambda data: mnist("validation", data).pixels,
    lambda: zoo.load("mnist-cnn"),
    encoded=40,
    made=200,
    opened=4,
)
FACES = Kind(
    "celeba-flow-matching",
    lambda data: celeba("validation", data, size=SIZE).pixels,
    lambda: trained("celeba-smiling"),
    encoded=4,
    made=100,
    opened=2,
)
KINDS: Mapping[str, Kind] = {
    "digits": DIGITS,
    "faces": FACES,
    "fast": replace(FACES, field="celeba-flow-matching-fast"),
}
STEPS, POWERS = (4, 8, 16), (1.0, 1.5, 2.0)
AMONG = 16  # images that the lengths of steps are optimized for
TOLERANCE = 1e-5
QUICK_STEPS, QUICK_POWERS, QUICK_IMAGES, QUICK_ROUNDS = (4,), (2.0,), 2, 4


def measure_grids(options: ExperimentOptions) -> Findings:
    """Encode validation images and sample, by the same fields on several grids.

    Args:
        options: Where the data are, and whether to be quick.
    """

    quick = options.quick
    rounds = QUICK_ROUNDS if quick else ROUNDS
    grids = list(
        product(QUICK_STEPS if quick else STEPS, QUICK_POWERS if quick else POWERS)
    )
    results: dict[str, float] = {}

    for name, kind in KINDS.items():
        field = cast("FlowMatching", trained(kind.field))
        features = last_hidden(kind.classifier())
        real = to_images(
            kind.read(options.data)[: QUICK_IMAGES if quick else kind.made]
        )

        for steps, power in grids:
            place = on_times(field, times_towards_data(steps, power), TOLERANCE)
            found = (
                _encoding(place, real[: kind.encoded])
                | _samples(place, real, features)
                | last_step_figures(
                    place, real[: 1 if quick else kind.opened], rounds=rounds
                )
            )
            stem = f"{name}_{steps}_{power:g}"
            results |= {f"{stem}_{key}": value for key, value in found.items()}

    results |= _optimized(options)

    return Findings(
        results, {"grids.png": saved(partial(grids_figure, results, grids))}
    )


@torch.no_grad()
def _optimized(options: ExperimentOptions) -> dict[str, float]:
    """Return what steps of lengths optimized for the round trip gain, on digits."""

    field = cast("FlowMatching", trained(DIGITS.field))
    count, among = (4, 2) if options.quick else (DIGITS.made, AMONG)
    real = to_images(DIGITS.read(options.data)[:count])
    optimize = partial(times_of_least_error, field, real[:among])
    steps = len(field.times) - 1
    times = (
        optimize(steps=steps, powers=QUICK_POWERS)
        if options.quick
        else optimize(steps=steps)
    )
    place = on_times(field, times)
    others = real[among : DIGITS.encoded]
    found = _samples(place, real, last_hidden(DIGITS.classifier()))

    return {
        "optimized_first_step": times[1],
        "optimized_last_step": 1 - times[-2],
        "optimized_round_trip_rms": round_trip_rms(place, others),
        "default_round_trip_rms": round_trip_rms(field, others),
        "optimized_frechet_distance": found["frechet_distance"],
    }


@torch.no_grad()
def _encoding(place: FlowMatching, x: Images) -> dict[str, float]:
    begun = time.process_time()
    z = place.encode(x)
    encoded = time.process_time()
    error = place.decode(z) - x
    decoded = time.process_time()

    return {
        "round_trip_rms": error.square().mean().sqrt().item(),
        "round_trip_max": error.abs().max().item(),
        "latent_norm_ratio": median(length_ratio(z)),
        "encode_seconds": (encoded - begun) / len(x),
        "decode_seconds": (decoded - encoded) / len(x),
    }


@torch.no_grad()
def _samples(place: FlowMatching, real: Images, features: Model) -> dict[str, float]:
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(len(real), real[0].numel(), generator=generator)
    made = torch.cat([place.decode(part).clamp(0, 1) for part in z.split(50)])

    return {"frechet_distance": frechet_distance(features(made), features(real))}


def grids_figure(
    results: Mapping[str, float], grids: list[tuple[int, float]]
) -> Figure:
    """Draw error, samples and time over the number of steps, a line for each power.

    Args:
        results: Numbers by name.
        grids: Numbers of steps, and powers.
    """

    rows = {
        "round_trip_rms": "error of the round trip",
        "frechet_distance": "Fréchet distance",
        "encode_seconds": "seconds to encode",
    }
    figure = Figure(figsize=(10, 8), layout="constrained")
    axes = figure.subplots(len(KINDS), len(rows), squeeze=False)
    steps, powers = (sorted(set(each)) for each in zip(*grids, strict=True))

    for line, name in zip(axes, KINDS, strict=True):
        for axis, (key, label) in zip(line, rows.items(), strict=True):
            for power in powers:
                values = [results[f"{name}_{n}_{power:g}_{key}"] for n in steps]
                axis.plot(steps, values, marker="o", label=f"power {power:g}")

            axis.set(xlabel="Euler steps", ylabel=label, title=name)
            axis.set_xticks(steps, [str(n) for n in steps])

        line[0].set_yscale("log")

    axes[0, 0].legend()

    return figure


GRIDS = Experiment(
    "grids",
    "Flow matching: round trips, samples and time by the number and length of steps.",
    measure_grids,
)
