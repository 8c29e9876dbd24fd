"""`diffeo evaluate`."""

from pathlib import Path

import typer

from diffeo.cli.errors import warned

__all__ = ["evaluate_command"]


def evaluate_command(  # noqa: PLR0913 - one argument for each option
    record: Path,
    *,
    data: str,
    model: str,
    coordinates: str,
    resize: int | None = None,
    crop: int | None = None,
    device: str = "auto",
    quick: bool = False,
    out: Path,
    overwrite: bool = False,
    quiet: bool = False,
) -> None:
    """Judge counterfactuals, beside controls that show what the judges can tell.

    The judges are trained on the data, which takes minutes, and kept in the folder
    DIFFEO_CACHE, or .cache/diffeo in your home.

    Input:
        record: A record.safetensors, as `diffeo explain` writes it.
        data: Images with their classes: 'digits' for the bundled sample of MNIST,
            'mnist' for all of it in the folder DIFFEO_DATA, or a folder with one folder
            of pictures for each class or a labels.csv. Those that were explained are
            left out.
        model: The model that was explained: weights by name (mnist-cnn), a weights
            file, or file.py:function, which RUNS that file.
        coordinates: Where distances along the data are taken, if not where the record
            was searched too: weights by name (mnist-flow), a weights file, 'data', or
            file.py:function, which RUNS that file.
        resize: Resize each picture to a square of so many pixels a side.
        crop: Cut a square of so many pixels a side out of each picture's middle.
        device: Where to compute: cpu, cuda, mps, ...; 'auto' for cuda where there is
            one, else cpu.
        quick: Hardly train the judges, to see that all works; the results say so.

    Output:
        out: Folder for the results.
        overwrite: Replace files that the folder holds.
        quiet: Show no progress.

    Example:
        diffeo evaluate nines/record.safetensors --data digits --model mnist-cnn
        --coordinates mnist-flow --out judged
    """

    from dataclasses import replace

    from diffeo.extras import require

    require("sklearn", "pytorch_lightning", "torchmetrics", extra="evaluate")

    from diffeo.counterfactuals import Counterfactuals
    from diffeo.evaluation.settings import Settings, quick_settings
    from diffeo.evaluation.table import print_table
    from diffeo.evaluation.task import Task
    from diffeo.workflows.evaluate import (
        draw_evaluation,
        evaluate_to_folder,
        find_reference,
        objective_of,
    )
    from diffeo.workflows.folders import check_output
    from diffeo.workflows.loading import find_coordinates, find_device
    from diffeo.workflows.models import find_model

    check_output(out, overwrite=overwrite)
    place = find_device(device)
    found = Counterfactuals.load(record).to(place)
    task = Task(
        find_model(model, device=place),
        find_coordinates(coordinates, tuple(found.factual.shape[1:]), device=place),
        objective_of(found),
    )
    reference = find_reference(data, crop=crop, resize=resize)
    settings = quick_settings() if quick else Settings()
    settings = replace(settings, progress=not quiet)
    evaluation = evaluate_to_folder(found, task, reference, out, settings)
    print_table(evaluation)

    with warned("the results are written, but not the page"):
        draw_evaluation(found, evaluation, coordinates, out)

    page = out / "report.html"
    typer.echo(f"judges are kept in {settings.cache.folder}", err=True)
    typer.echo(str((page if page.is_file() else out / "table.csv").resolve()))
