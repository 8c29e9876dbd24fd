"""`diffeo explain`."""

from functools import partial
from pathlib import Path
from typing import Literal

import typer

from diffeo.cli.explained import follow
from diffeo.cli.goals import checked_held, objective_from_options, wrapped
from diffeo.cli.options import checked_seed, is_of_table
from diffeo.cli.search import ascent_from_options, run_from_options

__all__ = ["explain_command"]


def explain_command(  # noqa: PLR0913 - one argument for each option
    *,
    data: str,
    model: str,
    coordinates: str,
    inversion: Literal["pixels", "encoder", "features"] | None = None,
    mask: Path | None = None,
    residual: bool = False,
    resize: int | None = None,
    crop: int | None = None,
    limit: int | None = None,
    classes: Path | None = None,
    frozen: str | None = None,
    only_up: str | None = None,
    only_down: str | None = None,
    model_size: int | None = None,
    model_mean: str | None = None,
    model_std: str | None = None,
    model_outputs: Literal["logits", "probabilities"] | None = None,
    target: str | None = None,
    confidence: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    near: float | None = None,
    within: float | None = None,
    agree: list[str] | None = None,
    held: str | None = None,
    band: float | None = None,
    stay_typical: bool = False,
    smoothed: float | None = None,
    rate: float | None = None,
    steps: int = 1000,
    closest: Literal["latent", "data"] | None = None,
    several: int = 1,
    restarts: int = 0,
    seed: int = 0,
    batch_size: str = "auto",
    backward: Literal["auto", "plain", "reversible"] = "auto",
    precision: Literal["auto", "full", "bfloat16", "float16"] = "auto",
    device: str = "auto",
    certify: int | None = None,
    typical_of: str | None = None,
    judge: str | None = None,
    out: Path,
    path: bool = False,
    overwrite: bool = False,
    quiet: bool = False,
) -> None:
    """Show what would have to change in images or tables for other answers of a model.

    Of a search that is interrupted or killed, each finished batch is kept, and the same
    command goes on from there.

    Input:
        data: Images: a folder of pictures, perhaps with a labels.csv, or of one folder
            of pictures for each class; one picture, an IDX or a NumPy file; or 'digits'
            for the bundled sample of MNIST. Or a table: a CSV or Parquet file, of which
            the columns that the flow knows are taken.
        model: The classifier or regressor: weights by name (mnist-cnn), a weights file,
            a program of torch.export (.pt2) or of TorchScript (.pt), an ONNX file, or
            timm:NAME or transformers:NAME, where NAME may be a folder. Or
            file.py:function, which RUNS that file; the function must return a
            torch.nn.Module. Of a table, it gets a float for each column of numbers, in
            its own units, and one-hot categories in alphabetic order, the columns as
            they were in the table that was fitted. Or, of a table, an estimator of
            scikit-learn, returned by the function or in a file of joblib or pickle,
            which RUNS code as well; trees get the gradients of a surrogate, and answer
            themselves. Name only files that you trust.
        coordinates: Where to search. A generative model: weights by name (mnist-flow),
            a weights file, or file.py:function, which RUNS that file; the function must
            return an object with encode(x) and decode(z), or two functions, an encoder
            and a decoder, or a generator that knows the size of its latents as
            `latent`, which is inverted. Or 'data' for the data space itself, where
            adversarial examples are found.
        inversion: How a generator is inverted: by descent on 'pixels' or on its
            'features', or by its 'encoder' alone, functions of images that are
            attributes of it; with all that it has if not given.
        mask: A picture, white where the images may change and black where each pixel
            stays as it is; of their aspect ratio, at any size, one for all images.
        residual: Keep what the coordinates lose of each image, and add it to all that
            they decode: the search begins at the image itself rather than at its
            reconstruction, but what was lost may show through the result.
        resize: Resize each picture to a square of so many pixels a side; the side of
            the flow if not given.
        crop: Cut a square of so many pixels a side out of each picture's middle.
        limit: Take only the first so many images or rows.
        classes: A text file with the names of the classes, one a line, in order; else
            they are called as the model's file says, or as the labels of the data, in
            their order, if there are as many.
        frozen: Columns of a table that must not change, with commas between them.
        only_up: Columns of numbers that must not fall, with commas between them.
        only_down: Columns of numbers that must not rise, with commas between them.
        model_size: Side in pixels of the squares that the model takes; images are
            resized to it, differentiably, so that coordinates of small images can
            explain a model of large ones. This and the next two are as the model's
            file says, if not given.
        model_mean: What to subtract from each channel for the model, such as 0.5 or
            0.5,0.5,0.5, or 'imagenet'; gray images are repeated for so many channels.
        model_std: What to divide each channel by then; as --model-mean.
        model_outputs: What the model returns: 'logits', as which log-probabilities and
            values count too, if not given; or 'probabilities'.

    Goal:
        target: The class to become: a number, a name that --classes gives, or 'other'.
            Exactly one of --target, --at-least, --at-most and --near must be given.
        confidence: Probability that the target class must exceed; 0.99 if not given.
        at_least: Least value that a regressor is to answer.
        at_most: Greatest value that a regressor is to answer.
        near: Value that a regressor is to answer, give or take --within.
        within: How far from --near the answer may end.
        agree: A further model that is to answer so too, named as --model is; may be
            given several times.
        held: A second model, named as --model is, whose answer must stay within --band
            of its answer to the input, while that of the first changes.
        band: By how much each output of --held may change, in its own unit.
        stay_typical: End only where the log-density is between the bounds of the real
            data that the coordinates know.
        smoothed: Average the answers over a few coordinates nearby, of so much standard
            deviation, such as 0.3; results are surer, and take several times as long.

    Search:
        rate: Step size: the greatest length of a step in latent coordinates, 0.7 if not
            given; Adam's rate in data space, 0.0005 if not given.
        steps: Most steps of an image.
        closest: Come as near to the input as the target allows, once it is reached: in
            'latent' coordinates, or then also in the 'data'; it takes about twice as
            long again, and states how near that is.
        several: Counterfactuals for each image, each by a change in another direction
            than those before; those that cannot be found count as failed.
        restarts: Further searches of each image, from points near its origin; the
            nearest result is kept.
        seed: Seed of these points.
        batch_size: Images searched together: a number, or 'auto' for as many as pay and
            fit into memory.
        backward: How gradients are found: 'plain'; 'reversible' for memory that does
            not grow with a flow's depth, in half as much time again; or 'auto' for
            plain where it fits into memory.
        precision: Precision of the steps; results are verified in full precision.
        device: Where to compute: cpu, cuda, mps, ...; 'auto' for cuda where there is
            one, else cpu.

    Statements:
        certify: State a radius around each image's coordinates in which the model,
            smoothed with noise, has no counterfactual: from so many draws, such as
            1000. Only of coordinates that lose nothing, as those of flows.
        typical_of: State how many real images of the target class are denser or, where
            coordinates are approximate, better reconstructed: of the last 500 a class
            in 'digits' or 'mnist', test digits, or in a folder with one folder of
            pictures for each class or a labels.csv; best none of the generator's own.
        judge: Another model, named as --model is, of the same outputs, that the search
            does not ask: state whether it agrees with the target, before and after, in
            each row and as a share; of values also what it answers.

    Output:
        out: Folder for the results.
        path: Keep each step of the search, which the page's sliders show. It takes
            memory and disk for each step.
        overwrite: Start anew where the folder holds another search.
        quiet: Show no progress.

    Example:
        diffeo explain --data digits --model mnist-cnn --coordinates mnist-flow
        --target 9 --limit 16 --out nines

        diffeo explain --data faces/ --resize 64 --model net.py:load
        --coordinates vae.py:load --classes names.txt --target smiling --out smiles

        diffeo explain --data people.csv --model risk.py:load
        --coordinates people.safetensors --target 0 --frozen age,sex --out lower

        diffeo explain --data faces/ --model net.py:smile --held net.py:age --band 2
        --judge other.py:load --coordinates faces.safetensors --target 1 --out smiles
    """

    from diffeo.answers import ask
    from diffeo.coordinates.limits import ColumnLimits
    from diffeo.data.masks import read_mask
    from diffeo.models.model_input import ModelInput
    from diffeo.workflows.class_names import names_of_classes, read_classes
    from diffeo.workflows.explain.explanation import explain_to_folder
    from diffeo.workflows.explain.images import ImagesToExplain
    from diffeo.workflows.explain.options import ExplainOptions
    from diffeo.workflows.explain.statements import find_references, statement_rules
    from diffeo.workflows.explain.table import TableToExplain
    from diffeo.workflows.loading import find_coordinates, find_device
    from diffeo.workflows.models import read_model

    device = find_device(device)
    given = ModelInput.of(model_size, model_mean, model_std, model_outputs)
    texts = [model, *(agree or ()), *checked_held(held, band), *filter(None, [judge])]
    known = [read_model(text, device).told(given) for text in texts]
    names = read_classes(classes) or known[0].classes
    limits = ColumnLimits.of(frozen, only_up, only_down)
    of_table = is_of_table(
        data,
        tables=vars(limits),
        images={
            "mask": mask,
            "residual": residual,
            "resize": resize,
            "crop": crop,
            "inversion": inversion,
            "model_size": model_size,
            "model_mean": model_mean,
            "model_std": model_std,
            "certify": certify,
            "typical_of": typical_of,
        },
    )
    run = run_from_options(
        steps=steps,
        closest=closest,
        restarts=restarts,
        seed=checked_seed(seed),
        batch_size=batch_size,
        backward=backward,
        precision=precision,
        path=path,
        progress=not quiet,
    )
    size = {"crop": crop, "resize": resize}
    found: ImagesToExplain | TableToExplain = (
        TableToExplain.read(data, coordinates, limit=limit)
        if of_table
        else ImagesToExplain.read(data, coordinates, limit=limit, **size)
    )
    images = found.rows
    (asked, *further), notes = found.models(known, limits, device=device, seed=seed)

    if target and found.classes and not names:
        outputs = ask(asked, images.images[:1].to(device), "the model")
        names = names_of_classes(found.classes, outputs)

    objective = objective_from_options(
        names,
        of_values=known[0].is_of_values,
        target=target,
        confidence=confidence,
        at_least=at_least,
        at_most=at_most,
        near=near,
        within=within,
    )
    density = (
        find_coordinates(coordinates, images.images.shape[1:], device=device)
        if stay_typical
        else None
    )
    options = ExplainOptions(
        data,
        model,
        coordinates,
        asked,
        wrapped(objective, further[:-1] if judge else further, smoothed, band, density),
        ascent_from_options(coordinates, rate),
        run,
        names,
        device,
        tuple(agree or ()),
        inversion,
        known[0].model_input,
        read_mask(mask, images.images.shape[1:]) if mask else None,
        residual,
        limits if of_table else None,
        notes,
        several,
        found.flow,
        held or "",
        judge or "",
    )
    rules = statement_rules(
        options,
        images.images,
        certify,
        find_references(typical_of, coordinates=coordinates, **size),
        further[-1] if judge else None,
    )
    tell = partial(typer.echo, err=True)
    record = explain_to_folder(images, options, out, overwrite=overwrite, tell=tell)
    follow(record, images, found.draw, options, rules, out)
