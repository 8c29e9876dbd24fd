"""What became of a search, in lines for people."""

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.intervals import Interval, interval_of, share
from diffeo.report.output_text import output_text
from diffeo.several import alternatives, inputs_of

__all__ = ["agreements", "differences", "interruption", "summary"]

NAMED = 5  # failed rows that a summary names


def summary(
    record: Counterfactuals,
    rows: int,
    classes: tuple[str, ...] = (),
    *,
    units: bool = False,
) -> str:
    """Return what became of the rows, in lines for people.

    Args:
        record: Of the rows that were searched.
        rows: Number of images that were to be explained.
        classes: What the classes are called; their numbers if empty.
        units: Whether the numbers of a row have units of their own, so that their
            distance has none.

    Example:
        >>> import torch
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), place)
        >>> summary(record, rows=2).splitlines()[0]
        '2 of 2 reached the target (2 reached)'
    """

    ends = ", ".join(
        f"{count} {way.name.lower()}" for way, count in record.counts().items()
    )
    failed = record.finished & ~record.reached
    names = [record.name_of(row) for row in failed.nonzero()[:, 0].tolist()]
    lines = [f"{int(record.reached.sum())} of {rows} reached the target ({ends})"]

    if names:
        more = ", …" if names[NAMED:] else ""
        lines.append(f"{len(names)} failed: {', '.join(names[:NAMED])}{more}")

    if record.reached.any():
        lines.append(_medians(record.select(record.reached), classes, units=units))

    return "\n".join(filter(None, [*lines, differences(record)]))


def interruption(record: Counterfactuals, rows: int) -> str:
    """Return how far a search came that was interrupted; empty if it was not.

    Args:
        record: Of the rows that were searched.
        rows: Number of images that were to be explained.

    Example:
        >>> import torch
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), place)
        >>> interruption(record, rows=5)
        'interrupted: 2 of 5 rows'
    """

    finished = int(record.finished.sum())

    return "" if finished == rows else f"interrupted: {finished} of {rows} rows"


def differences(record: Counterfactuals) -> str:
    """Return how much the counterfactuals of an input differ; empty if each has one.

    Args:
        record: With the statements of `diversity`, or without.

    Example:
        >>> import torch
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> differences(search(x, lambda x: 3 * x, TargetClass(1), place))
        ''
    """

    stated, inputs = record.statements, inputs_of(record)

    if "distinct" not in stated:
        return ""

    count = len(alternatives(record))
    full = inputs[stated["distinct"] >= count].unique()
    data, latent = stated["diversity_data"], stated["diversity_latent"]
    words = f"{len(full)} of {len(inputs.unique())} inputs have {count} that differ"

    if not data.isfinite().any():
        return words

    return (
        f"{words}; their distance, over that to the input: {data.nanmedian():.2g} in "
        f"the data, {latent.nanmedian():.2g} in coordinates"
    )


def agreements(record: Counterfactuals) -> str:
    """Return in how many rows a judge agrees; empty if none was asked.

    The rows are those at their target. The intervals are of 95 percent.

    Args:
        record: With the statements of `agreement`, or without.

    Example:
        >>> import torch
        >>> from diffeo import Identity, TargetClass, agreement, search
        >>> x, place = torch.zeros(9, 2), Identity((2,))
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), place)
        >>> print(agreements(agreement(record, lambda x: x)))
        the judge agrees after in 9 of 9 rows at the target, 1.00 [0.70, 1.00]; before
        in 0, 0.00 [0.00, 0.30]
    """

    stated = record.select(record.reached).statements

    if "agreement_after" not in stated or len(stated["agreement_after"]) == 0:
        return ""

    after, before = (
        interval_of(stated[f"agreement_{when}"], share) for when in ("after", "before")
    )

    return (
        f"the judge agrees after in {after.value * after.rows:.0f} of {after.rows} "
        f"rows at the target, {_in_brackets(after)}; before in "
        f"{before.value * before.rows:.0f}, {_in_brackets(before)}"
    )


def _in_brackets(found: Interval) -> str:
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def _medians(reached: Counterfactuals, classes: tuple[str, ...], *, units: bool) -> str:
    text = output_text(reached, classes)
    values = {
        "steps": reached.steps.double(),
        **({} if units else {"distance": reached.distance}),
        "latent distance": reached.latent_distance,
        text.quantity: text.after,
    }
    told = ", ".join(f"{name} {value.median():.4g}" for name, value in values.items())

    return f"medians: {told}"
