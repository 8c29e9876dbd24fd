"""`diffeo audit`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from diffeo.cli.errors import warned
from diffeo.cli.options import checked_seed, is_of_table
from diffeo.cli.search import distances_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffeo.workflows.audit.explained import Explained
    from diffeo.workflows.audit.findings import Audited

__all__ = ["audit_command"]


def audit_command(  # noqa: PLR0913 - one argument for each option
    *,
    data: str,
    model: str,
    coordinates: str,
    residual: bool = False,
    resize: int | None = None,
    crop: int | None = None,
    classes: Path | None = None,
    regions: Path | None = None,
    frozen: str | None = None,
    only_up: str | None = None,
    only_down: str | None = None,
    truth: str | None = None,
    model_size: int | None = None,
    model_mean: str | None = None,
    model_std: str | None = None,
    model_outputs: Literal["logits", "probabilities"] | None = None,
    value: bool = False,
    stay_typical: bool = False,
    sample: int = 50,
    confidence: float = 0.99,
    steps: int = 1000,
    closest: Literal["latent", "data"] | None = None,
    seed: int = 0,
    device: str = "auto",
    compare: Path | None = None,
    out: Path,
    overwrite: bool = False,
    quiet: bool = False,
) -> None:
    """Audit a model: what changes its answers, over many inputs and directions.

    In each direction between its answers some images, or rows of a table, are
    explained, and what the changes have in common is summed up on one page. Of an audit
    that is interrupted or killed, each finished batch is kept, and the same command
    goes on from there.

    Input:
        data: Images: a folder of pictures with a labels.csv (file,class), or of one
            folder of pictures for each class, or of pictures alone; an IDX or a NumPy
            file; or 'digits' for the bundled sample of MNIST. Or a table: a CSV or
            Parquet file, of which the columns that the flow knows are taken.
        model: The classifier or regressor: weights by name (mnist-cnn), a weights file,
            a program of torch.export (.pt2) or of TorchScript (.pt), an ONNX file, or
            timm:NAME or transformers:NAME, where NAME may be a folder. Or
            file.py:function, which RUNS that file; the function must return a
            torch.nn.Module. Or, of a table, an estimator of scikit-learn, as `diffeo
            explain` takes it. Name only files that you trust.
        coordinates: A generative model, as for `diffeo explain`; best a flow that
            `diffeo fit` wrote.
        residual: Keep what the coordinates lose of each image, as `diffeo explain`
            does.
        resize: Resize each picture to a square of so many pixels a side; the side of
            the flow if not given.
        crop: Cut a square of so many pixels a side out of each picture's middle.
        classes: A text file with the names of the classes, one a line, in order; else
            they are called as the model's file says, or as the labels of the data, in
            their order, if there are as many.
        regions: A folder of masks, one picture for each region, white inside; else
            changes are counted in the cells of a grid.
        frozen: Columns of a table that must not change, with commas between them.
        only_up: Columns of numbers that must not fall, with commas between them.
        only_down: Columns of numbers that must not rise, with commas between them.
        truth: Column of a table with the true class of each row, which the flow was not
            fitted to: independent judges learn it of rows that are not explained.
        model_size: Side in pixels of the squares that the model takes; images are
            resized to it, differentiably. This and the next two are as the model's
            file says, if not given.
        model_mean: What to subtract from each channel for the model, such as 0.5 or
            0.5,0.5,0.5, or 'imagenet'; gray images are repeated for so many channels.
        model_std: What to divide each channel by then; as --model-mean.
        model_outputs: What the model returns: 'logits', as which log-probabilities and
            values count too, if not given; or 'probabilities'.
        value: The model returns a value, rather than a logit of class 1: it is moved
            to its upper and lower quartile. Regressors of scikit-learn always do.
        stay_typical: End only where the log-density is between the bounds of the real
            data that the coordinates know.

    Search:
        sample: Images or rows in each direction.
        confidence: Probability that the target class must exceed.
        steps: Most steps of an image or row.
        closest: Come as near to the input as the target allows, once it is reached: in
            'latent' coordinates, or then also in the 'data', which shows where a change
            is needed, and takes several times as long.
        seed: Seed of the sample.
        device: Where to compute: cpu, cuda, mps, ...; 'auto' for cuda where there is
            one, else cpu.

    Output:
        compare: The audit.json of another version of the model: say what changed.
        out: Folder for report.html, audit.json and a folder for each direction.
        overwrite: Start anew where the folder holds another audit.
        quiet: Show no progress.

    Example:
        diffeo audit --data faces/ --model net.py:load --coordinates faces.safetensors
        --model-size 224 --model-mean imagenet --model-std imagenet --out audited

        diffeo audit --data people.csv --model forest.joblib --confidence 0.9
        --coordinates people.safetensors --frozen age,sex --out audited
    """

    from diffeo.coordinates.limits import ColumnLimits
    from diffeo.extras import require

    require("sklearn", "pytorch_lightning", extra="evaluate")

    from diffeo.models.model_input import ModelInput
    from diffeo.objectives import TargetClass
    from diffeo.search import Run
    from diffeo.workflows.audit.audit import audit_to_folder
    from diffeo.workflows.audit.comparison import read_audit
    from diffeo.workflows.audit.directions import AuditOptions
    from diffeo.workflows.audit.images import AuditedImages
    from diffeo.workflows.audit.table import AuditedTable
    from diffeo.workflows.class_names import read_classes
    from diffeo.workflows.explain.options import ExplainOptions
    from diffeo.workflows.explain.table import TableToExplain
    from diffeo.workflows.loading import find_coordinates, find_device
    from diffeo.workflows.models import read_model

    tell = partial(typer.echo, err=True)
    device, seed = find_device(device), checked_seed(seed)
    known = read_model(model, device).told(
        ModelInput.of(model_size, model_mean, model_std, model_outputs)
    )
    limits = ColumnLimits.of(frozen, only_up, only_down)
    of_table = is_of_table(
        data,
        tables={**vars(limits), "truth": truth},
        images={
            "residual": residual,
            "resize": resize,
            "crop": crop,
            "regions": regions,
            "model_size": model_size,
            "model_mean": model_mean,
            "model_std": model_std,
        },
    )
    old = read_audit(compare, "rows" if of_table else "images") if compare else None
    values = value or known.is_of_values

    if truth and values:
        raise ValueError(
            "--truth must be given with a classifier, got a model of values"
        )

    audited: Audited = (
        AuditedTable(TableToExplain.read(data, coordinates, truth=truth or ""))
        if of_table
        else AuditedImages.read(data, coordinates, regions, crop=crop, resize=resize)
    )
    source = audited.source
    (loaded,), told = source.models([known], limits, device=device, seed=seed)
    search = ExplainOptions(
        data,
        model,
        coordinates,
        loaded,
        TargetClass("other", confidence),
        run=Run(
            steps=steps,
            closest=distances_named(closest),
            seed=seed,
            progress=not quiet,
        ),
        classes=read_classes(classes) or known.classes,
        device=device,
        model_input=known.model_input,
        residual=residual,
        limits=limits if of_table else None,
        notes=told,
        flow=source.flow,
    )
    density = (
        find_coordinates(coordinates, source.rows.images.shape[1:], device=device)
        if stay_typical
        else None
    )
    options = AuditOptions(search, sample, values, confidence, density)
    findings, summary = audit_to_folder(
        audited, options, out, overwrite=overwrite, tell=tell
    )
    _follow(audited, findings, summary, told, old, out)


def _follow(
    audited: "Audited",
    findings: "Sequence[Explained]",
    summary: dict[str, Any],
    told: tuple[str, ...],
    old: dict[str, Any] | None,
    out: Path,
) -> None:
    """Print what was found, and what changed since an older audit, and draw it."""

    from diffeo.workflows.audit.audit import JSON, PAGE
    from diffeo.workflows.audit.comparison import compare_audits
    from diffeo.workflows.audit.page import draw_audit
    from diffeo.workflows.audit.sentences import doubt, sentences

    differences = compare_audits(old, summary) if old else []
    notes = list(filter(None, [doubt(summary), *told]))

    for words in notes:
        typer.echo(words, err=True)

    for each in findings:
        typer.echo(sentences(audited, each.told, summary["judges"]))

    for words in differences:
        typer.echo(words)

    page = out / PAGE

    with warned("the results are written, but not the page"):
        draw_audit(audited, findings, summary, notes, differences, page)

    for finding in findings:
        place = out / finding.direction.folder

        if not (place / PAGE).is_file():
            with warned(f"the results are written, but not the page of {place.name}"):
                audited.draw(finding, place)

    typer.echo(str((page if page.is_file() else out / JSON).resolve()))
