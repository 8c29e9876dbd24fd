"""What is asked of every fitted flow, whatever its data are."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from diffeo.shapes import Scores
from diffeo.statements.diagnosis import Diagnosis
from diffeo.workflows.fit.quality import Answer

__all__ = [
    "copies_answer",
    "course_answer",
    "exact_answer",
    "length_answer",
    "spread",
    "unseen_answer",
]

Others = Float[Tensor, "others ..."]
COPY = 0.5  # of the distance that held-out data have: nearer samples are copies
COPIES = 0.05  # share of samples more than of held-out data that are, at most
HALF_A_LEVEL = 0.5  # of 255
UNFINISHED = "Usable, and not at its best: more minutes would still help."
BY_HEART = (
    "Learned by heart: it knows the {kind} that it was trained on better than others. "
    "Take more {kind}, or fewer minutes."
).format


def course_answer(course: Sequence[float], falling: float, unit: str) -> Answer:
    """Return whether a training has come to its end.

    Args:
        course: A figure of held-out data after each pass, the less the better.
        falling: Most that an ended training may still win in its last quarter.
        unit: The unit of the figure.

    Example:
        >>> course_answer([3.0, 2.0, 1.5, 1.1], 0.1, "bits").found
        '0.400 bits won in the last quarter of 4 passes'
    """

    passes, quarter = len(course), len(course) // 4
    gain = min(course[:-quarter]) - min(course) if quarter else 0.0
    found = f"{gain:.3f} {unit} won in the last quarter of {passes} passes"

    return Answer(
        "Has training come to its end?",
        found if quarter else f"not known after so few passes: {passes}",
        quarter > 0 and gain <= falling,
        f"at most {falling} {unit}, of at least four passes",
        UNFINISHED,
    )


def exact_answer(diagnosis: Diagnosis) -> Answer:
    """Return whether images come back.

    Args:
        diagnosis: What was found of some that are held out.

    Example:
        >>> import torch
        >>> from diffeo import Identity
        >>> from diffeo.statements.diagnosis import diagnose
        >>> exact_answer(diagnose(Identity((2,)), torch.rand(5, 2))).found
        'greatest error 0 of 255 gray levels'
    """

    error = 255 * diagnosis.error.max().item()

    return Answer(
        "Do images come back after encoding and decoding?",
        f"greatest error {error:.2g} of 255 gray levels",
        error <= HALF_A_LEVEL,
        "at most half a gray level",
        "Not usable: images do not come back from its coordinates.",
    )


def length_answer(diagnosis: Diagnosis, least: float, most: float) -> Answer:
    """Return whether held-out images lie where samples are drawn, by ‖z‖.

    Args:
        diagnosis: What was found of these images.
        least: Least median of ‖z‖ over what draws have.
        most: Greatest such median.

    Example:
        >>> import torch
        >>> from diffeo import Identity
        >>> from diffeo.statements.diagnosis import diagnose
        >>> far = diagnose(Identity((2,)), torch.full((5, 2), 9.0))
        >>> length_answer(far, 0.8, 1.2).found
        'their coordinates are 9.00 times as long as a draw’s'
    """

    ratio = diagnosis.length_ratio

    return Answer(
        "Do held-out images lie where samples are drawn?",
        f"their coordinates are {ratio:.2f} times as long as a draw’s",
        least <= ratio <= most,
        f"between {least} and {most} times",
        "Rough: it does not know yet where such images lie; take more minutes.",
    )


def unseen_answer(
    seen: float, unseen: float, gap: float, *, unit: str, kind: str
) -> Answer:
    """Return whether a flow knows data that it was not trained on.

    Args:
        seen: What it needs for training data, the less the better.
        unseen: The same of held-out data.
        gap: Most that held-out data may need more.
        unit: The unit of these figures.
        kind: What data are called.

    Example:
        >>> unseen_answer(2.0, 2.5, 0.3, unit="bits", kind="images").found
        '2.00 bits for training images, 2.50 for held-out ones'
    """

    return Answer(
        f"Does it know {kind} that it has not seen as well as others?",
        f"{seen:.2f} {unit} for training {kind}, {unseen:.2f} for held-out ones",
        unseen - seen <= gap,
        f"at most {gap} {unit} more for held-out ones",
        BY_HEART(kind=kind),
    )


def copies_answer(distance: Scores, held_out: Others, kind: str) -> Answer:
    """Return whether samples are new.

    One is as good as a copy if it is less than half as far from a training one as
    held-out data are in the median. Of a few numbers some are by chance, held-out ones
    as well, so that both shares are compared.

    Args:
        distance: How far each sample is from the nearest training data.
        held_out: The same of held-out data.
        kind: What samples are called.

    Example:
        >>> import torch
        >>> copies_answer(torch.ones(4), torch.ones(3), "images").found
        '0% of 4 are as near to one as a copy, 0% of held-out images'
    """

    copies, usual = (
        (each < COPY * held_out.median()).double().mean().item()
        for each in (distance, held_out)
    )

    return Answer(
        f"Are samples new, rather than copies of training {kind}?",
        f"{copies:.0%} of {len(distance)} are as near to one as a copy, {usual:.0%} of "
        f"held-out {kind}",
        copies - usual <= COPIES,
        f"at most {COPIES:.0%} more than held-out {kind} are less than {COPY:g} times "
        f"as far from a training one as those in the median",
        BY_HEART(kind=kind),
    )


def spread(x: Others, most: int) -> Tensor:
    """Return some data, evenly spread over all.

    Args:
        x: Data of any shape.
        most: How many, at most.

    Example:
        >>> import torch
        >>> spread(torch.arange(5.0), 2)
        tensor([0., 2.])
    """

    return x[:: max(1, len(x) // most)][:most]
