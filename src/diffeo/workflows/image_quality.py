"""How good a flow of images is."""

from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.models.flow.flow import Flow
from diffeo.report.images import sheet
from diffeo.shapes import Images
from diffeo.statements.diagnosis import diagnose
from diffeo.training.noise import Noise
from diffeo.workflows.common_answers import (
    copies_answer,
    course_answer,
    nearest_to,
    spread,
    unseen_answer,
)
from diffeo.workflows.quality import Answer, Quality
from diffeo.workflows.train_flow import mean_bits
from diffeo.workflows.training_plan import FINE

if TYPE_CHECKING:
    from diffeo.report.sections import Section

__all__ = ["measure_quality"]

Others = Float[Tensor, "others channels height width"]
SAMPLES, ACROSS = 32, 8
SHOWN = 8  # samples beside their nearest training images
LOOKED_AT = 200  # held-out images that are encoded and decoded
GAP = 0.3  # bits by which training images may be easier than held-out ones
TYPICAL = 0.5  # share of held-out images whose latent is as long as a draw's, at least
FALLING = 0.02  # bits won in the last quarter of the passes: more time would help


@torch.no_grad()
def measure_quality(
    flow: Flow,
    train: Images,
    held_out: Others,
    noise: Noise,
    course: Sequence[float] = (),
    steps: int = 0,
) -> Quality:
    """Measure a trained flow.

    Args:
        flow: The flow, in evaluation mode.
        train: Images in [0, 1] that it was trained on.
        held_out: Such images that it was not trained on.
        noise: What they were trained with, for bits per dimension.
        course: Held-out bits per dimension after each pass.
        steps: Length of the training, which its course does not tell: at its end the
            steps get small, so that little is won however short it was.

    Example:
        >>> from diffeo.models.flow.bijection import initialize
        >>> from diffeo.models.flow.recipes import Level, glow
        >>> from diffeo.training.noise import UniformNoise
        >>> x, flow = torch.rand(9, 1, 4, 4), glow((1, 4, 4), [Level(1, 4)]).eval()
        >>> initialize(flow, x)
        >>> measure_quality(flow, x[:6], x[6:], UniformNoise()).answers[2].question
        'Are samples new, rather than copies of training images?'
    """

    few = spread(held_out, LOOKED_AT)
    generator = torch.Generator().manual_seed(0)
    samples = flow.sample(SAMPLES, generator=generator).nan_to_num().clamp(0, 1)
    distance, nearest = nearest_to(samples, train)
    diagnosis = diagnose(flow, noise(few, 1.0, generator=generator))
    error, typical = 255 * diagnosis.error.max().item(), diagnosis.typical_share
    answers = [
        Answer(
            "Do images come back after encoding and decoding?",
            f"greatest error {error:.2g} of 255 gray levels",
            error <= 0.5,
            "at most half a gray level",
            "Not usable: images do not come back from its coordinates.",
        ),
        unseen_answer(
            mean_bits(flow, spread(train, LOOKED_AT), noise),
            mean_bits(flow, few, noise),
            GAP,
            unit="bits",
            kind="images",
        ),
        copies_answer(distance, nearest_to(few, train)[0], "images"),
        Answer(
            "Do held-out images lie where samples are drawn?",
            f"{typical:.0%} of them have coordinates as long as a draw’s",
            typical >= TYPICAL,
            f"at least {TYPICAL:.0%}",
            "Rough: it does not know yet how likely such images are. Read "
            "counterfactuals as hints of color and light; take more minutes.",
        ),
        course_answer(course, FALLING, "bits"),
        Answer(
            "Was training long enough for fine detail?",
            f"{steps:,} steps",
            steps >= FINE,
            f"at least {FINE:,}",
            "Usable for coarse forms: more minutes would give finer ones.",
        ),
    ]
    pairs = zip(samples, train[nearest], distance.tolist(), strict=True)
    copies = [
        (f"{apart:.3f} apart", sheet([sample, real], across=2))
        for sample, real, apart in islice(pairs, SHOWN)
    ]
    real = spread(held_out, SAMPLES)

    sections = partial(_sections, samples, real, copies)

    return Quality(answers, sections, course, "bits per dimension")


def _sections(
    samples: Tensor, real: Tensor, copies: Sequence[tuple[str, Tensor]]
) -> "list[Section]":
    """Return samples and their nearest training images."""

    from diffeo.report.sections import Section

    whole = real[: ACROSS * (len(real) // ACROSS) or None]

    return [
        Section(
            "Samples",
            (
                "Left: images that the flow makes up. Right: real ones that it was not "
                "trained on. A counterfactual can look only as real as the left ones.",
            ),
            pictures=[
                ("samples", sheet(samples, across=ACROSS)),
                ("held-out images", sheet(whole, across=min(ACROSS, len(whole)))),
            ],
        ),
        Section(
            "Copies?",
            (
                "Each pair is a sample and the training image nearest to it. If both "
                "look the same, the flow has learned images by heart.",
            ),
            pictures=copies,
        ),
    ]
