"""`diffeo explain`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from diffeo.ascents import Adam, Ascent, NormalizedGradient, Polyak
from diffeo.cli.options import Backward, Classes, Overwrite, Quiet
from diffeo.data.images import read_images
from diffeo.data.mnist import sample_digits
from diffeo.report.folder import output_folder
from diffeo.search import DEFAULT_ASCENT
from diffeo.search.run import Run, backward_named
from diffeo.workflows.explain import Request, explain_to_folder
from diffeo.workflows.report import read_names

__all__ = ["explain"]


def explain(  # noqa: PLR0913 - one option for each thing a user may set
    data: Annotated[
        str,
        typer.Option(
            help="Images: a folder of pictures, one picture, an IDX or a NumPy file; "
            "'digits' for the bundled sample of MNIST."
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            help="The classifier: weights by name (mnist-cnn), a weights file, or "
            "file.py:function. The last RUNS that Python file and calls the function, "
            "which must return a torch.nn.Module: name only files you trust."
        ),
    ],
    coordinates: Annotated[
        str,
        typer.Option(
            help="Where to search: weights of a generative model by name (mnist-flow) "
            "or file, or 'data' for the data space itself, which yields adversarial "
            "examples."
        ),
    ],
    target: Annotated[
        str, typer.Option(help="The class to become, or 'other' for any other.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    *,
    confidence: Annotated[
        float, typer.Option(help="Probability that the target must exceed.")
    ] = 0.99,
    rate: Annotated[
        float | None,
        typer.Option(
            help="Step size: the greatest length of a step along the gradient in "
            "latent coordinates, Adam's rate in data space.",
            show_default="1, or 0.0005 in data",
        ),
    ] = None,
    steps: Annotated[int, typer.Option(help="Most steps of an image.")] = 1000,
    starts: Annotated[
        int, typer.Option(help="Searches of each image, of which the best is kept.")
    ] = 1,
    batch_size: Annotated[
        str,
        typer.Option(
            help="Images searched together: a number, or 'auto' for as many as pay and "
            "fit into memory."
        ),
    ] = "auto",
    backward: Backward = "auto",
    limit: Annotated[
        int | None, typer.Option(help="Take only the first so many images.")
    ] = None,
    classes: Classes = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Show what would have to change in images for a classifier to answer otherwise."""

    images = sample_digits().images if data == "digits" else read_images(data).images
    request = Request(
        model=model,
        coordinates=coordinates,
        target="other" if target == "other" else _class(target),
        confidence=confidence,
        ascent=_ascent(coordinates, rate),
        run=Run(
            steps=steps,
            batch_size=_batch_size(batch_size),
            backward=backward_named(backward),
            restarts=starts - 1,
            path=True,
            progress=not quiet,
        ),
        names=read_names(classes),
    )

    with output_folder(out, overwrite=overwrite) as folder:
        explain_to_folder(images[:limit], request, folder)

    typer.echo(str((out / "report.html").resolve()))


def _ascent(coordinates: str, rate: float | None) -> Ascent:
    if coordinates == "data":
        return Adam(5e-4 if rate is None else rate)

    return DEFAULT_ASCENT if rate is None else Polyak(NormalizedGradient(rate))


def _batch_size(text: str) -> int | Literal["auto"]:
    if text == "auto":
        return "auto"

    if not text.isdecimal():
        raise ValueError(f"batch_size must be a number or 'auto', got {text}")

    return int(text)


def _class(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"target must be a class number or 'other', got {text}")

    return int(text)
