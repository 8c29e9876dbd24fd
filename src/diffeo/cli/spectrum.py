"""`diffeo spectrum`."""

from pathlib import Path

import typer

from diffeo.cli.errors import warned

__all__ = ["spectrum_command"]


def spectrum_command(  # noqa: PLR0913 - one argument for each option
    *,
    coordinates: str,
    data: str,
    resize: int | None = None,
    crop: int | None = None,
    limit: int = 100,
    device: str = "auto",
    out: Path = Path("spectrum"),
    overwrite: bool = False,
    quiet: bool = False,
) -> None:
    """Average the spectrum of the inverse induced metric: the data's dimension.

    Input:
        coordinates: A generative model: weights by name (mnist-flow), a weights file,
            or file.py:function, which RUNS that file; the function must return an
            object with encode(x) and decode(z). Or 'data' for the data space itself.
        data: Images: a folder of pictures, one picture, an IDX or a NumPy file; or
            'digits' for the bundled sample of MNIST.
        resize: Resize each picture to a square of so many pixels a side; the side of
            the flow if not given.
        crop: Cut a square of so many pixels a side out of each picture's middle.
        limit: Take only the first so many images; each takes seconds.
        device: Where to compute: cpu, cuda, mps, ...; 'auto' for cuda where there is
            one, else cpu.

    Output:
        out: Folder for the results.
        overwrite: Replace files that the folder holds.
        quiet: Show no progress.

    Example:
        diffeo spectrum --coordinates mnist-flow --data digits --limit 10
    """

    from diffeo.workflows.folders import check_output
    from diffeo.workflows.loading import find_coordinates, find_device, find_images
    from diffeo.workflows.spectrum import draw_spectrum, spectrum_to_folder

    check_output(out, overwrite=overwrite)
    place = find_device(device)
    size = {"crop": crop, "resize": resize, "limit": limit}
    images = find_images(data, coordinates=coordinates, **size).images.to(place)
    found = find_coordinates(coordinates, tuple(images.shape[1:]), device=place)
    results, average = spectrum_to_folder(images, found, out, progress=not quiet)

    for name, value in results.items():
        typer.echo(f"{name}: {value:.4g}")

    with warned("the results are written, but not the figure"):
        draw_spectrum(average, coordinates, out)

    typer.echo(str(out.resolve()))
