"""`diffeo fit`."""

from pathlib import Path
from typing import Literal

import typer

from diffeo.cli.errors import warned
from diffeo.cli.options import checked_seed, is_of_table

__all__ = ["GeneratorName", "fit_command"]

GeneratorName = Literal["glow", "flow-matching", "vae"]


def fit_command(  # noqa: PLR0913 - one argument for each option
    data: str,
    *,
    size: int | None = None,
    crop: int | None = None,
    target: str | None = None,
    categories: str | None = None,
    given: str | None = None,
    generator: GeneratorName | None = None,
    minutes: float = 60.0,
    epochs: int | None = None,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    out: Path,
    overwrite: bool = False,
    quiet: bool = False,
) -> None:
    """Fit a generative model to your own images or table, and say how good it is.

    Its size is chosen by the time that steps take here, and the passes over the images
    so that it ends in the minutes. Of an interrupted training the last whole pass is
    kept; --resume goes on from there. Other commands take the weights as --coordinates.

    Input:
        data: Images: a folder of pictures, perhaps with a labels.csv, or of one folder
            of pictures for each class; an IDX or a NumPy file; or 'digits' for the
            bundled sample of MNIST. Every tenth image, at most 500, is held out to
            measure the result. Or a table: a CSV or Parquet file, of which every tenth
            row is held out.
        size: Resize each picture to a square of so many pixels a side; 64 if not given,
            or the side of the first picture if that is less.
        crop: Cut a square of so many pixels a side out of each picture's middle.
        target: Columns of a table to leave out, with commas between them: what a model
            is to answer, names and numbers of rows.
        categories: Columns of a table whose numbers are categories, with commas between
            them. A column where anything is no number is of categories anyway.
        given: Columns of a table that explanations are to leave as they are, with
            commas between them: the flow learns how likely others are given these.

    Training:
        generator: What to fit to images: a Glow if not given; flow-matching, which
            takes longer to search; or vae, an autoencoder, which is trained and
            searched soonest, and blurs: explain with --residual then.
        minutes: Time for all of it.
        epochs: Passes over the images, in place of as many as fit into the minutes.
        seed: Seed of the first weights, of the order of the images and of noise.
        device: Where to compute: cpu, cuda, mps, ...; 'auto' for cuda where there is
            one, else cpu.
        resume: Go on with a training that was interrupted.

    Output:
        out: File for the weights, such as flow.safetensors; a card (flow.md) and a page
            on their quality (flow.html) lie beside it. Until they are done, the
            training lies in a folder (flow.training).
        overwrite: Replace these files, or start anew in place of going on.
        quiet: Show no progress.

    Example:
        diffeo fit faces/ --size 64 --minutes 60 --out faces.safetensors

        diffeo fit people.csv --target risk --given age,sex --out people.safetensors
    """

    from diffeo.extras import require

    require("pytorch_lightning", extra="train")

    from diffeo.coordinates.limits import names_in
    from diffeo.data.table import read_table
    from diffeo.workflows.fit.images import fit_images, natural_side
    from diffeo.workflows.fit.options import FitOptions
    from diffeo.workflows.fit.quality import write_quality
    from diffeo.workflows.loading import find_device, find_images

    def tell(words: str) -> None:
        if not quiet:
            typer.echo(words, err=True)

    columns = {"target": target, "categories": categories, "given": given}
    sides = {"size": size, "crop": crop}
    further = {**sides, "generator": generator}
    of_table = is_of_table(data, tables=columns, images=further)
    options = FitOptions(
        data,
        out,
        minutes,
        epochs,
        checked_seed(seed),
        find_device(device),
        not quiet,
        generator or "glow",
        names_in(given),
        {**further, "target": target, "categories": categories},
    )
    _check_place(options.folder, out, resume=resume, overwrite=overwrite)

    if of_table:
        require("zuko", extra="tables")

        from diffeo.workflows.fit.table import fit_table

        table = read_table(data).without(names_in(target))
        named = names_in(categories)
        quality, facts = fit_table(table, options, named, resume=resume, tell=tell)
    else:
        images = find_images(data, crop=crop, resize=natural_side(data, size)).images
        quality, facts = fit_images(images, options, resume=resume, tell=tell)

    for answer in quality.answers:
        typer.echo(answer)

    typer.echo(quality.verdict)

    with warned("the weights are written, but not the page"):
        page = out.with_suffix(".html")
        write_quality(quality, facts, page)
        typer.echo(str(page.resolve()))

    typer.echo(str(out.resolve()))


def _check_place(folder: Path, out: Path, *, resume: bool, overwrite: bool) -> None:
    """Refuse to replace weights, or a training that one could go on with."""

    for path in (out.with_suffix(suffix) for suffix in (out.suffix, ".md", ".html")):
        if path.exists() and not overwrite:
            raise FileExistsError(
                f"weights, card and page must be new files, got {path}; choose another "
                "--out or pass --overwrite"
            )

    if folder.exists() and not (resume or overwrite):
        raise FileExistsError(
            f"an interrupted training is kept in {folder}; pass --resume to go on with "
            "it, or --overwrite to start anew"
        )
