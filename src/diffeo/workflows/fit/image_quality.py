"""How good a generative model of images is."""

from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import cast

import torch
from torch import Tensor, nn

from diffeo.coordinates.protocol import Coordinates
from diffeo.report.images import sheet
from diffeo.report.section import Section
from diffeo.shapes import Images
from diffeo.statements.diagnosis import diagnose
from diffeo.statements.properties import nearest_to
from diffeo.workflows.fit.common_answers import (
    copies_answer,
    course_answer,
    spread,
    unseen_answer,
)
from diffeo.workflows.fit.image_model import HeldOut, ImageModel
from diffeo.workflows.fit.quality import Quality

__all__ = ["measure_quality"]

SAMPLES, ACROSS = 32, 8
SHOWN = 8  # samples beside their nearest training images
LOOKED_AT = 200  # images of either kind


@torch.no_grad()
def measure_quality(
    kind: ImageModel,
    model: nn.Module,
    train: Images,
    held_out: HeldOut,
    course: Sequence[float] = (),
    steps: int = 0,
) -> Quality:
    """Measure a trained model.

    Args:
        kind: What it is.
        model: The model, in evaluation mode.
        train: Images in [0, 1] that it was trained on.
        held_out: Such images that it was not trained on.
        course: The figure of held-out images after each pass.
        steps: Length of the training.

    Example:
        >>> from diffeo.workflows.fit.glow import GlowModel
        >>> x, kind = torch.rand(9, 1, 4, 4), GlowModel((1, 4, 4))
        >>> model = kind.untrained("small", x).eval()
        >>> measure_quality(kind, model, x[:6], x[6:]).answers[2].question
        'Are samples new, rather than copies of training images?'
    """

    few, generator = spread(held_out, LOOKED_AT), torch.Generator().manual_seed(0)
    place = cast("Coordinates", model)
    noisy = kind.noisy(spread(held_out, kind.encoded), generator)
    diagnosis = diagnose(place, noisy)
    noise = torch.randn(SAMPLES, diagnosis.latent.shape[1], generator=generator)
    samples = place.decode(noise.to(diagnosis.latent)).nan_to_num().clamp(0, 1)
    distance, nearest = nearest_to(samples, train)
    exact, typical, *others = kind.answers(diagnosis, steps)
    answers = [
        exact,
        unseen_answer(
            kind.mean_loss(model, spread(train, LOOKED_AT)),
            kind.mean_loss(model, few),
            kind.gap,
            unit=kind.unit,
            kind="images",
        ),
        copies_answer(distance, nearest_to(few, train)[0], "images"),
        typical,
        course_answer(course, kind.falling, kind.unit),
        *others,
    ]
    apart = distance / samples[0].numel() ** 0.5  # root mean square
    pairs = zip(samples, train[nearest], apart.tolist(), strict=True)
    copies = [
        (f"{gap:.3f} apart", sheet([sample, real], across=2))
        for sample, real, gap in islice(pairs, SHOWN)
    ]
    real = spread(held_out, SAMPLES)

    sections = partial(_sections, samples, real, copies)

    return Quality(kind.title, answers, sections, course, kind.unit)


def _sections(
    samples: Tensor, real: Tensor, copies: Sequence[tuple[str, Tensor]]
) -> list[Section]:
    """Return samples and their nearest training images."""

    whole = real[: ACROSS * (len(real) // ACROSS) or None]

    return [
        Section(
            "Samples",
            (
                "Left: images that the model makes up. Right: real ones that it was "
                "not trained on. A counterfactual can look only as real as the left "
                "ones.",
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
                "look the same, the model has learned images by heart.",
            ),
            pictures=copies,
        ),
    ]
