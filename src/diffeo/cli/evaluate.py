"""`diffeo evaluate`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from diffeo.cli.options import Overwrite
from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.settings import Settings, quick_settings
from diffeo.evaluation.task import Task
from diffeo.objectives import TargetClass
from diffeo.plugins import find_coordinates, find_model
from diffeo.report.folder import output_folder
from diffeo.workflows.evaluate import evaluate_to_folder, find_reference
from diffeo.workflows.report import Wish, measures_of, report_to_folder

__all__ = ["evaluate"]


def evaluate(  # noqa: PLR0913 - one option for each thing a user may set
    record: Annotated[
        Path, typer.Argument(help="record.safetensors, as `diffeo explain` writes it.")
    ],
    data: Annotated[
        str,
        typer.Option(
            help="Real images with their classes: 'digits' for the bundled sample of "
            "MNIST, 'mnist' for all of it in DIFFEO_DATA, or a folder with one folder "
            "of pictures for each class."
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            help="The classifier that was explained: weights by name, a weights file, "
            "or file.py:function, which is RUN: name only files you trust."
        ),
    ],
    coordinates: Annotated[
        str,
        typer.Option(
            help="Where distances along the data are taken: weights of a generative "
            "model by name (mnist-flow) or file, or 'data'."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    *,
    confidence: Annotated[
        float, typer.Option(help="Probability that the target had to exceed.")
    ] = 0.99,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Hardly train the judges, to see that all works."),
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Judge counterfactuals, beside controls that show what the judges can tell."""

    found = Counterfactuals.load(record)
    task = Task(
        find_model(model),
        find_coordinates(coordinates, tuple(found.factual.shape[1:])),
        TargetClass(tuple(found.target.long().tolist()), confidence),
    )

    with output_folder(out, overwrite=overwrite) as folder:
        table = evaluate_to_folder(
            found,
            task,
            find_reference(data),
            folder,
            replace(quick_settings() if quick else Settings(), progress=True),
        )
        report_to_folder(
            {"counterfactuals": found},
            Wish((coordinates,), title="How good are these counterfactuals?"),
            folder,
            measures_of(table, ["counterfactuals"]),
        )

    table.show()
    typer.echo(str((out / "report.html").resolve()))
