"""Pictures of what coordinates do with images."""

from pathlib import Path

from diffeo.report.images import change_sheet, check_images, sheet, write_png
from diffeo.shapes import Images
from diffeo.statements.diagnosis import Diagnosis
from diffeo.workflows.folders import drafted

__all__ = ["draw_check"]

ROWS = 8
ACROSS = 8  # samples in a row
LIMIT = 0.2  # change of a pixel that has the full color


def draw_check(x: Images, diagnosis: Diagnosis, folder: Path) -> None:
    """Draw the images that lose most on their way, and samples of N(0, I).

    Args:
        x: The images that were encoded and decoded.
        diagnosis: What was found out.
        folder: Where to write worst.png (image, reconstruction and difference, a row
            for each image) and, if there are samples, samples.png.

    Raises:
        ValueError: If the data are not images of one or three channels.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import torch
        >>> from diffeo import Identity
        >>> from diffeo.statements.diagnosis import diagnose
        >>> x, place = torch.rand(2, 1, 4, 4), Identity((1, 4, 4))
        >>> with TemporaryDirectory() as text:
        ...     draw_check(x, diagnose(place, x), Path(text))
        ...     sorted(path.name for path in Path(text).iterdir())
        ['samples.png', 'worst.png']
    """

    check_images(x)
    rows = diagnosis.worst[:ROWS]
    worst = change_sheet([x[rows], diagnosis.reconstruction[rows]], LIMIT)

    with drafted(folder) as draft:
        write_png(worst, draft / "worst.png")

        if diagnosis.samples is not None:
            samples = list(diagnosis.samples)
            write_png(sheet(samples, across=ACROSS), draft / "samples.png")
