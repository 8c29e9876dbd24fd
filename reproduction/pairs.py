"""Pairs of noise and images, each the other's end on a path of a velocity field."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from diffeo.batching import slices
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.grids import times_towards_data
from diffeo.models.precision import low_precision_dtype
from diffeo.progress import watch
from diffeo.shapes import Data
from diffeo.training.augmentation import RandomCrop
from diffeo.training.batches import to_images
from diffeo.training.fit import training_device
from diffeo.training.flow_matching import NOISE

__all__ = ["Pairing", "runge_kutta"]

ROWS = 500  # that are led together
POWER = 1.5  # of the times of the steps
Velocity = Callable[[Tensor, Tensor], Tensor]


@torch.no_grad()
def runge_kutta(velocity: Velocity, point: Data, times: Sequence[float]) -> Data:
    """Return where a velocity field leads points, by the rule of fourth order.

    Args:
        velocity: From points and times, one for each row, to velocities.
        point: The points at the first time.
        times: Where each step begins, and where the last one ends; they may fall.
    """

    def at(time: float, x: Data) -> Data:
        return velocity(x, x.new_full((len(x),), time))

    for before, after in itertools.pairwise(times):
        length, middle = after - before, (before + after) / 2
        first = at(before, point)
        second = at(middle, point + length / 2 * first)
        third = at(middle, point + length / 2 * second)
        fourth = at(after, point + length * third)
        point = point + length / 6 * (first + 2 * second + 2 * third + fourth)

    return point


@dataclass(frozen=True)
class Pairing:
    """How a field makes pairs of noise z and images x, both in its own units.

    Source: Liu, Gong and Liu, 2023, Flow straight and fast: learning to generate and
    transfer data with rectified flow, Algorithm 1.

    Args:
        samples: Pairs that begin as noise.
        views: Pairs that begin as each training image, each time cropped anew.
        steps: Steps of four evaluations, which shorten towards the data.
        seed: Seed of noise and crops.
        device: Where to compute, as PyTorch names it; "auto" for a GPU if there is one.
        crop: What is cut out of training images at random, if anything.
        progress: Whether to show bars.
    """

    samples: int = 50_000
    views: int = 3
    steps: int = 8
    seed: int = 0
    device: str = "auto"
    crop: RandomCrop | None = None
    progress: bool = True

    def make(
        self, field: FlowMatching, train: Tensor, held_out: Tensor
    ) -> dict[str, Tensor]:
        """Return z and x, and those of held-out images, with 16 bits for a number.

        Args:
            field: The field.
            train: Images of 8 bits; larger than the field's if they are cropped.
            held_out: Such images as the field's.
        """

        generator = torch.Generator().manual_seed(self.seed)
        size = self.samples, *field.shape
        z = torch.randn(size, generator=generator, dtype=torch.float16)
        x = _noisy(field, train.repeat(self.views, 1, 1, 1), self.crop, generator)
        others = _noisy(field, held_out, None, generator)
        there = times_towards_data(self.steps, POWER)
        back = there[::-1]

        return {
            "z": torch.cat((z, self._ends(field, x, back, "Encoding"))),
            "x": torch.cat((self._ends(field, z, there, "Sampling"), x)),
            "held_out_z": self._ends(field, others, back, "Encoding held-out images"),
            "held_out_x": others,
        }

    def _ends(
        self, field: FlowMatching, starts: Tensor, times: Sequence[float], title: str
    ) -> Tensor:
        """Return where the field leads points."""

        device = training_device(self.device)
        rough = low_precision_dtype(device)
        velocity = field.velocity.to(device)
        velocity.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        found = torch.empty_like(starts)

        with (
            watch(title, len(starts), shown=self.progress) as bar,
            torch.autocast(device.type, rough, enabled=rough == torch.bfloat16),
        ):
            for rows in slices(len(starts), ROWS):
                point = starts[rows].to(device).float()
                found[rows] = runge_kutta(velocity, point, times)
                bar.update(min(rows.stop, len(starts)))

        return found


def _noisy(
    field: FlowMatching,
    pixels: Tensor,
    crop: RandomCrop | None,
    generator: torch.Generator,
) -> Tensor:
    """Return images as the field was trained on: cropped, with a little noise."""

    found = torch.empty(len(pixels), *field.shape, dtype=torch.float16)

    for rows in slices(len(pixels), ROWS):
        x = to_images(pixels[rows])
        x = crop(x, generator=generator) if crop else x
        noise = NOISE * torch.randn(x.shape, generator=generator)
        found[rows] = field.standardized(x) + noise

    return found
