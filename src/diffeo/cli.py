"""The command line: parse, call, print."""

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from diffeo.ascents import Adam, Ascent, NormalizedGradient
from diffeo.data.images import read_images
from diffeo.data.mnist import sample_digits
from diffeo.experiments.demo import demo as run_demo
from diffeo.experiments.explaining import Request, explain_to_folder
from diffeo.experiments.helix import reproduce_helix
from diffeo.experiments.helix_training import HELIX_TRAININGS
from diffeo.experiments.mnist import reproduce_mnist
from diffeo.experiments.mnist_geometry import reproduce_mnist_geometry
from diffeo.experiments.results import Reproduction
from diffeo.experiments.training import TRAININGS as DIGIT_TRAININGS
from diffeo.experiments.training import Training
from diffeo.report.folder import output_folder
from diffeo.search import Run

__all__ = ["app"]

REPRODUCTIONS = {
    "helix": reproduce_helix,
    "mnist": reproduce_mnist,
    "mnist-geometry": reproduce_mnist_geometry,
}
TRAININGS = {**DIGIT_TRAININGS, **HELIX_TRAININGS}


class _Commands(TyperGroup):
    """Commands whose misuse is told in a sentence, with exit code 2."""

    def invoke(self, ctx: object) -> object:
        try:
            return super().invoke(ctx)  # type: ignore[arg-type]
        except (ValueError, OSError, ModuleNotFoundError) as error:
            typer.echo(f"Error: {error}", err=True)

            raise typer.Exit(2) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DataFolder = Annotated[
    Path | None,
    typer.Option(help="The data sets' folder; DIFFEO_DATA if not given."),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace files of an existing folder.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]


@app.callback()
def main() -> None:
    """Diffeomorphic counterfactuals.

    For any differentiable model and any generative model: what would have to change in
    an input, realistically, for the model to answer differently?
    """


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("demo"),
    *,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Turn handwritten fours into nines, beside adversarial examples (a minute)."""

    with output_folder(out, overwrite=overwrite) as folder:
        records = run_demo(folder, progress=not quiet)

    for name, record in records.items():
        typer.echo(f"{name}: {int(record.reached.sum())} of {len(record)} became nines")

    typer.echo(str((out / "report.html").resolve()))


@app.command()
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
            help="Step size: the length of a step along the gradient in latent "
            "coordinates, Adam's rate in data space.",
            show_default="0.2, or 0.0005 in data",
        ),
    ] = None,
    steps: Annotated[int, typer.Option(help="Most steps of an image.")] = 1000,
    starts: Annotated[
        int, typer.Option(help="Searches of each image, of which the best is kept.")
    ] = 1,
    batch_size: Annotated[int, typer.Option(help="Images searched together.")] = 128,
    limit: Annotated[
        int | None, typer.Option(help="Take only the first so many images.")
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Show what would have to change in images for a classifier to answer otherwise."""

    images = sample_digits().images if data == "digits" else read_images(Path(data))
    request = Request(
        model=model,
        coordinates=coordinates,
        target="other" if target == "other" else _class(target),
        confidence=confidence,
        ascent=_ascent(coordinates, rate),
        run=Run(
            steps=steps,
            batch_size=batch_size,
            starts=starts,
            path=True,
            progress=not quiet,
        ),
    )

    with output_folder(out, overwrite=overwrite) as folder:
        explain_to_folder(images[:limit], request, folder)

    typer.echo(str((out / "report.html").resolve()))


def _ascent(coordinates: str, rate: float | None) -> Ascent:
    if coordinates == "data":
        return Adam(5e-4 if rate is None else rate)

    return NormalizedGradient(0.2 if rate is None else rate)


def _class(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"target must be a class number or 'other', got {text}")

    return int(text)


@app.command()
def train(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(TRAININGS)}.")],
    data: DataFolder = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for weights, checkpoint and log; runs/NAME."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the data; the model's usual.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of weights, order and noise.")] = 0,
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Train one of the models behind the shipped weights."""

    if name not in TRAININGS:
        raise ValueError(f"name must be one of {', '.join(TRAININGS)}, got {name}")

    function, usual = TRAININGS[name]
    folder = out or Path("runs") / name

    if folder.exists() and not resume:
        raise FileExistsError(
            f"the training's folder must be new, got {folder}, which exists; "
            "choose another or pass --resume"
        )

    training = Training(
        folder,
        data,
        usual if epochs is None else epochs,
        seed=seed,
        resume=resume,
        progress=not quiet,
    )
    typer.echo(str(function(training).resolve()))


@app.command()
def reproduce(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(REPRODUCTIONS)}.")],
    data: DataFolder = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for results; results/NAME.")
    ] = None,
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Less data, to see that it runs.")
    ] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Run an experiment of the paper and print its numbers beside the paper's."""

    if name not in REPRODUCTIONS:
        raise ValueError(f"name must be one of {', '.join(REPRODUCTIONS)}, got {name}")

    place = out or Path("results") / name

    with output_folder(place, overwrite=overwrite) as folder:
        REPRODUCTIONS[name](Reproduction(folder, data, quick=quick, progress=not quiet))

    typer.echo(str(place.resolve()))
