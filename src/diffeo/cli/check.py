"""`diffeo check`."""

from pathlib import Path
from typing import Literal

import typer

from diffeo.cli.errors import warned

__all__ = ["check_command"]


def check_command(  # noqa: PLR0913 - one argument for each option
    *,
    coordinates: str,
    data: str,
    inversion: Literal["pixels", "encoder", "features"] | None = None,
    resize: int | None = None,
    crop: int | None = None,
    limit: int = 100,
    device: str = "auto",
    out: Path = Path("check"),
    overwrite: bool = False,
    quiet: bool = False,
) -> None:
    """Examine a generative model before it is searched: what it loses, and what fits.

    Input:
        coordinates: A generative model: weights by name (mnist-flow), a weights file,
            or file.py:function, which RUNS that file; the function must return an
            object with encode(x) and decode(z), or a generator that knows the size of
            its latents as `latent`, which is inverted.
        data: Images, best those that the model was not trained on: a folder of
            pictures, one picture, an IDX or a NumPy file; or 'digits' for the bundled
            sample of MNIST.
        inversion: How a generator is inverted: by descent on 'pixels' or on its
            'features', or by its 'encoder' alone, functions of images that are
            attributes of it; with all that it has if not given.
        resize: Resize each picture to a square of so many pixels a side; the side of
            the flow if not given.
        crop: Cut a square of so many pixels a side out of each picture's middle.
        limit: Take only the first so many images.
        device: Where to compute: cpu, cuda, mps, ...; 'auto' for cuda where there is
            one, else cpu.

    Output:
        out: Folder for the pictures: worst.png, the images that lose most, beside what
            became of them, and samples.png, what it makes of draws of N(0, I).
        overwrite: Replace files that the folder holds.
        quiet: Show no progress.

    Example:
        diffeo check --coordinates mnist-flow --data digits

        diffeo check --coordinates gan.py:load --data faces/ --inversion pixels
    """

    from rich.console import Console
    from rich.table import Table as Grid

    from diffeo.statements.diagnosis import diagnose
    from diffeo.workflows.check import draw_check
    from diffeo.workflows.folders import check_output
    from diffeo.workflows.loading import find_coordinates, find_device, find_images

    check_output(out, overwrite=overwrite)
    place, progress = find_device(device), not quiet
    size = {"crop": crop, "resize": resize, "limit": limit}
    found = find_images(data, coordinates=coordinates, **size)
    x = found.images.to(place)
    where = find_coordinates(
        coordinates,
        tuple(x.shape[1:]),
        device=place,
        inversion=inversion,
        progress=progress,
    )
    diagnosis = diagnose(where, x, progress=progress)
    grid = Grid("question", "verdict", title=f"{coordinates} on {len(x)} images")

    for question, verdict in diagnosis.verdicts().items():
        grid.add_row(question, verdict)

    names = [
        found.names[row] if found.names else f"No. {row}" for row in diagnosis.worst
    ]
    grid.add_row("worst", ", ".join(names[:5]))
    Console().print(grid)

    with warned("the pictures could not be drawn"):
        draw_check(x, diagnosis, out)

    typer.echo(str(out.resolve()))
