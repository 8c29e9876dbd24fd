"""How good a flow of images is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.batching import batches_of
from diffeo.models.flow.flow import Flow
from diffeo.report.images import sheet
from diffeo.shapes import Images
from diffeo.statements.diagnosis import Diagnosis, diagnose
from diffeo.training.noise import Noise
from diffeo.workflows.quality import (
    Answer,
    copies_answer,
    course_answer,
    course_sections,
    nearest_to,
    spread,
)

if TYPE_CHECKING:
    from diffeo.report.sections import Section

__all__ = ["ImageQuality", "measure_quality"]

Others = Float[Tensor, "others channels height width"]
SAMPLES, ACROSS = 32, 8
SHOWN = 8  # samples beside their nearest training images
LOOKED_AT = 200  # held-out images that are encoded and decoded
GAP = 0.3  # bits by which training images may be easier than held-out ones
TYPICAL = 0.5  # share of held-out images whose latent is as long as a draw's, at least
FALLING = 0.02  # bits won in the last quarter of the passes: more time would help


@dataclass(frozen=True, eq=False)
class ImageQuality:
    """What was measured of a flow of images.

    Args:
        train_bits: Bits per dimension of training images, with the training's noise.
        held_out_bits: The same of images that it was not trained on.
        course: The same of held-out images after each pass of the training.
        diagnosis: What encoding and decoding does to held-out images with that noise.
        held_out: Some of these.
        samples: Images drawn from the flow.
        nearest: The training image nearest to each sample.
        distance: How far it is: root mean square over the pixels.
        held_out_distance: How far held-out images are from theirs.

    Example:
        >>> from diffeo.models.flow.bijection import initialize
        >>> from diffeo.models.flow.recipes import Level, glow
        >>> from diffeo.training.noise import UniformNoise
        >>> x, flow = torch.rand(9, 1, 4, 4), glow((1, 4, 4), [Level(1, 4)]).eval()
        >>> initialize(flow, x)
        >>> measure_quality(flow, x[:6], x[6:], UniformNoise()).answers()[2].question
        'Are samples new, rather than copies of training images?'
    """

    train_bits: float
    held_out_bits: float
    course: Sequence[float]
    diagnosis: Diagnosis
    held_out: Tensor
    samples: Tensor
    nearest: Tensor
    distance: Tensor
    held_out_distance: Tensor

    def answers(self) -> list[Answer]:
        """Return what is found, question by question."""

        error = self.diagnosis.error.max().item()
        gap = self.held_out_bits - self.train_bits
        typical = self.diagnosis.typical_share

        return [
            Answer(
                "Do images come back after encoding and decoding?",
                f"greatest error {255 * error:.2g} of 255 gray levels",
                255 * error <= 0.5,
                "at most half a gray level",
            ),
            Answer(
                "Does it know images that it has not seen as well as others?",
                f"{self.train_bits:.2f} bits for training images, "
                f"{self.held_out_bits:.2f} for held-out ones",
                gap <= GAP,
                f"at most {GAP} bits more for held-out ones",
            ),
            copies_answer(self.distance, self.held_out_distance, "images"),
            Answer(
                "Do held-out images lie where samples are drawn?",
                f"{typical:.0%} of them have coordinates as long as a draw’s",
                typical >= TYPICAL,
                f"at least {TYPICAL:.0%}",
            ),
            course_answer(self.course, FALLING, "bits"),
        ]

    def verdict(self) -> str:
        """Return what to make of it, in a few words."""

        exact, general, original, typical, ended = (
            answer.well for answer in self.answers()
        )

        if not exact:
            return "Not usable: images do not come back from its coordinates."

        if not (general and original):
            return (
                "Learned by heart: it knows its training images better than others. "
                "Take more images, or fewer minutes."
            )

        if not typical:
            return (
                "Rough: it does not know yet how likely such images are. Read "
                "counterfactuals as hints of color and light; take more minutes."
            )

        if not ended:
            return "Usable, and not at its best: more minutes would still help."

        return "Good by all that is measured here; look at the samples nevertheless."

    def sections(self) -> "list[Section]":
        """Return samples, their nearest training images, and the training's course."""

        from diffeo.report.sections import Section

        shown = zip(self.samples[:SHOWN], self.nearest[:SHOWN], strict=True)
        pairs = zip(shown, self.distance[:SHOWN].tolist(), strict=True)
        looked_at = self.held_out[: ACROSS * (len(self.held_out) // ACROSS) or None]

        return [
            Section(
                "Samples",
                (
                    "Left: images that the flow makes up. Right: real ones that it was "
                    "not trained on. A counterfactual can look only as real as the "
                    "left ones.",
                ),
                pictures=[
                    ("samples", sheet(self.samples, across=ACROSS)),
                    (
                        "held-out images",
                        sheet(looked_at, across=min(ACROSS, len(looked_at))),
                    ),
                ],
            ),
            Section(
                "Copies?",
                (
                    "Each pair is a sample and the training image nearest to it. If "
                    "both look the same, the flow has learned images by heart.",
                ),
                pictures=[
                    (f"{distance:.3f} apart", sheet(pair, across=2))
                    for pair, distance in pairs
                ],
            ),
            *course_sections(self.course, "bits per dimension, held-out"),
        ]


@torch.no_grad()
def measure_quality(
    flow: Flow,
    train: Images,
    held_out: Others,
    noise: Noise,
    course: Sequence[float] = (),
) -> ImageQuality:
    """Measure a trained flow.

    Args:
        flow: The flow, in evaluation mode.
        train: Images in [0, 1] that it was trained on.
        held_out: Such images that it was not trained on.
        noise: What they were trained with, for bits per dimension.
        course: Held-out bits per dimension after each pass.

    Example:
        >>> from diffeo.models.flow.bijection import initialize
        >>> from diffeo.models.flow.recipes import Level, glow
        >>> from diffeo.training.noise import UniformNoise
        >>> x, flow = torch.rand(9, 1, 4, 4), glow((1, 4, 4), [Level(1, 4)]).eval()
        >>> initialize(flow, x)
        >>> measure_quality(flow, x[:6], x[6:], UniformNoise()).samples.shape
        torch.Size([32, 1, 4, 4])
    """

    few = spread(held_out, LOOKED_AT)
    generator = torch.Generator().manual_seed(0)
    samples = flow.sample(SAMPLES, generator=generator).nan_to_num().clamp(0, 1)
    distance, nearest = nearest_to(samples, train)

    return ImageQuality(
        train_bits=_bits(flow, spread(train, LOOKED_AT), noise),
        held_out_bits=_bits(flow, few, noise),
        course=course,
        diagnosis=diagnose(flow, noise(few, 1.0, generator=generator)),
        held_out=spread(held_out, SAMPLES),
        samples=samples,
        nearest=train[nearest],
        distance=distance,
        held_out_distance=nearest_to(few, train)[0],
    )


def _bits(flow: Flow, x: Images, noise: Noise) -> float:
    generator = torch.Generator().manual_seed(0)
    bits = [
        flow.bits_per_dimension(noise(part, 1.0, generator=generator))
        for part in batches_of(x)
    ]

    return torch.cat(bits).mean().item()
