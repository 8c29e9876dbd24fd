"""How good a flow of images is, for people who want to use it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.batching import batches_of
from diffeo.files import write_text
from diffeo.models.flow.flow import Flow
from diffeo.report.images import sheet
from diffeo.shapes import Images, Scores
from diffeo.statements.diagnosis import Diagnosis, diagnose
from diffeo.training.noise import Noise

__all__ = ["Quality", "measure_quality", "write_quality"]

Others = Float[Tensor, "others channels height width"]
SAMPLES, ACROSS = 32, 8
SHOWN = 8  # samples beside their nearest training images
LOOKED_AT = 200  # held-out images that are encoded and decoded
COPY = 0.5  # of the distance that held-out images have: nearer samples are copies
COPIES = 0.05  # share of samples that are copies, at most
GAP = 0.3  # bits by which training images may be easier than held-out ones
TYPICAL = 0.5  # share of held-out images whose latent is as long as a draw's, at least
FALLING = 0.02  # bits won in the last quarter of the passes: more time would help


@dataclass(frozen=True, eq=False)
class Quality:
    """What was measured of a flow.

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
        >>> measure_quality(flow, x[:6], x[6:], UniformNoise()).copies <= 1
        True
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

    @property
    def copies(self) -> float:
        """Share of the samples that are all but a training image."""

        limit = COPY * self.held_out_distance.median()

        return (self.distance < limit).double().mean().item()

    @property
    def gain(self) -> float:
        """Bits won on held-out images in the last quarter of the passes."""

        before = self.course[: -(len(self.course) // 4) or None]

        return before[-1] - self.course[-1] if before else 0.0

    def answers(self) -> list[tuple[str, str, bool, str]]:
        """Return question, figure, whether that is well, and when it would be."""

        error = self.diagnosis.error.max().item()
        gap = self.held_out_bits - self.train_bits
        typical = self.diagnosis.typical_share

        return [
            (
                "Do images come back after encoding and decoding?",
                f"greatest error {255 * error:.2g} of 255 gray levels",
                255 * error <= 0.5,
                "at most half a gray level",
            ),
            (
                "Does it know images that it has not seen as well as others?",
                f"{self.train_bits:.2f} bits for training images, "
                f"{self.held_out_bits:.2f} for held-out ones",
                gap <= GAP,
                f"at most {GAP} bits more for held-out ones",
            ),
            (
                "Are samples new, rather than copies of training images?",
                f"{self.copies:.0%} of {len(self.samples)} are copies",
                self.copies <= COPIES,
                f"at most {COPIES:.0%} are, which lie less than {COPY:g} times as far "
                "from a training image as held-out images do",
            ),
            (
                "Do held-out images lie where samples are drawn?",
                f"{typical:.0%} of them have coordinates as long as a draw’s",
                typical >= TYPICAL,
                f"at least {TYPICAL:.0%}",
            ),
            (
                "Has training come to its end?",
                f"{self.gain:.3f} bits won in the last quarter of "
                f"{len(self.course)} passes",
                self.gain <= FALLING and len(self.course) > 3,
                f"at most {FALLING} bits, of at least four passes",
            ),
        ]

    def verdict(self) -> str:
        """Return what to make of it, in a few words."""

        exact, general, original, typical, ended = (
            well for *_, well, _ in self.answers()
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


@torch.no_grad()
def measure_quality(
    flow: Flow,
    train: Images,
    held_out: Others,
    noise: Noise,
    course: Sequence[float] = (),
) -> Quality:
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

    few = _spread(held_out, LOOKED_AT)
    generator = torch.Generator().manual_seed(0)
    samples = flow.sample(SAMPLES, generator=generator).nan_to_num().clamp(0, 1)
    distance, nearest = _nearest(samples, train)

    return Quality(
        train_bits=_bits(flow, _spread(train, LOOKED_AT), noise),
        held_out_bits=_bits(flow, few, noise),
        course=course,
        diagnosis=diagnose(flow, noise(few, 1.0, generator=generator)),
        held_out=_spread(held_out, SAMPLES),
        samples=samples,
        nearest=train[nearest],
        distance=distance,
        held_out_distance=_nearest(few, train)[0],
    )


def write_quality(quality: Quality, facts: dict[str, str], page: Path) -> None:
    """Write the page of a flow's quality, complete or not at all.

    Args:
        quality: What was measured.
        facts: What to know of the training, by name.
        page: The HTML file.

    Raises:
        ModuleNotFoundError: If packages for the page are not installed.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from diffeo.models.flow.bijection import initialize
        >>> from diffeo.models.flow.recipes import Level, glow
        >>> from diffeo.training.noise import UniformNoise
        >>> x, flow = torch.rand(9, 1, 4, 4), glow((1, 4, 4), [Level(1, 4)]).eval()
        >>> initialize(flow, x)
        >>> found = measure_quality(flow, x[:6], x[6:], UniformNoise())
        >>> with TemporaryDirectory() as folder:
        ...     page = Path(folder, "flow.html")
        ...     write_quality(found, {"data": "noise"}, page)
        ...     "How good is this flow?" in page.read_text()
        True
    """

    from diffeo.extras import require

    require("jinja2", "matplotlib", extra="report")

    from diffeo.report.figures import course
    from diffeo.report.sections import Section, render_sections

    rows = [
        (question, found, "yes" if well else "NO", needed)
        for question, found, well, needed in quality.answers()
    ]
    shown = zip(quality.samples[:SHOWN], quality.nearest[:SHOWN], strict=True)
    pairs = zip(shown, quality.distance[:SHOWN].tolist(), strict=True)
    looked_at = quality.held_out[: ACROSS * (len(quality.held_out) // ACROSS) or None]
    sections = [
        Section(
            "What was measured",
            table=[("question", "found", "well?", "it is if"), *rows],
        ),
        Section(
            "Samples",
            (
                "Left: images that the flow makes up. Right: real ones that it was not "
                "trained on. A counterfactual can look only as real as the left ones.",
            ),
            pictures=[
                ("samples", sheet(quality.samples, across=ACROSS)),
                (
                    "held-out images",
                    sheet(looked_at, across=min(ACROSS, len(looked_at))),
                ),
            ],
        ),
        Section(
            "Copies?",
            (
                "Each pair is a sample and the training image nearest to it. If both "
                "look the same, the flow has learned images by heart.",
            ),
            pictures=[
                (f"{distance:.3f} apart", sheet(pair, across=2))
                for pair, distance in pairs
            ],
        ),
    ]

    if len(quality.course) > 1:
        label = "bits per dimension, held-out"
        sections.append(Section("Training", charts=[course(quality.course, label)]))

    text = render_sections(
        "How good is this flow?", [quality.verdict()], facts, sections
    )
    write_text(page, text)


def _spread(images: Images, most: int) -> Tensor:
    return images[:: max(1, len(images) // most)][:most]


def _bits(flow: Flow, x: Images, noise: Noise) -> float:
    generator = torch.Generator().manual_seed(0)
    bits = [
        flow.bits_per_dimension(noise(part, 1.0, generator=generator))
        for part in batches_of(x)
    ]

    return torch.cat(bits).mean().item()


def _nearest(x: Images, others: Others) -> tuple[Scores, Tensor]:
    """Return how far the nearest of other images is from each, and which it is."""

    flat = x.flatten(1)
    gaps = [torch.cdist(flat, part.flatten(1)) for part in batches_of(others)]
    distance, nearest = torch.cat(gaps, dim=1).min(dim=1)

    return distance / flat.shape[1] ** 0.5, nearest
