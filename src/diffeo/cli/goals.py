"""What a model is to answer, as options say it."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from diffeo.coordinates.protocol import Coordinates
    from diffeo.objectives import Objective
    from diffeo.shapes import Model

__all__ = ["checked_held", "objective_from_options", "wrapped"]


def objective_from_options(
    classes: tuple[str, ...],
    *,
    of_values: bool = False,
    **options: str | float | None,
) -> "Objective":
    """Return the one objective that options ask for.

    Args:
        classes: What the classes are called; empty if unknown.
        of_values: Whether the model is known to answer values rather than classes.
        **options: Values of target, confidence, at_least, at_most, near and within;
            None where an option is not given.

    Raises:
        ValueError: If the options ask for no objective, or for several, or for a class
            of a model of values.

    Example:
        >>> objective_from_options(("cat", "dog"), target="dog", confidence=None)
        TargetClass(target=1, confidence=0.99)
    """

    from diffeo.objectives import AtLeast, AtMost, Near, TargetClass

    given = {name: value for name, value in options.items() if value is not None}

    _check(given, of_values=of_values)

    match given:
        case {"target": str(text), "confidence": float(value), **rest} if not rest:
            return TargetClass(_class(text, classes), value)
        case {"target": str(text), **rest} if not rest:
            return TargetClass(_class(text, classes))
        case {"near": float(value), "within": float(width), **rest} if not rest:
            return Near(value, width)
        case {"at_least": float(value), **rest} if not rest:
            return AtLeast(value)
        case {"at_most": float(value), **rest} if not rest:
            return AtMost(value)

    raise ValueError(
        "exactly one of --target (perhaps with --confidence), --at-least, --at-most, "
        "and --near with --within must be given, got "
        f"{' and '.join(map(_flag, given)) or 'none'}"
    )


def checked_held(held: str | None, band: float | None) -> tuple[str, ...]:
    """Return the model that is to be held, or none; refuse it without its band.

    Args:
        held: As the user named it.
        band: By how much its answer may change.

    Raises:
        ValueError: If one of both is given alone.

    Example:
        >>> checked_held("age.py:load", 2.0), checked_held(None, None)
        (('age.py:load',), ())
    """

    if (held is None) != (band is None):
        raise ValueError(
            f"--held and --band must be given together, got --held {held} and --band "
            f"{band}"
        )

    return () if held is None else (held,)


def wrapped(
    objective: "Objective",
    models: "Sequence[Model]",
    spread: float | None,
    band: float | None = None,
    density: "Coordinates | None" = None,
) -> "Objective":
    """Return an objective of further models too, averaged over nearby coordinates.

    Args:
        objective: What a model is to answer.
        models: Further models that are to answer so, perhaps none; and last the one
            that is held, if there is a band.
        spread: Standard deviation of the nearby coordinates; None for no average.
        band: By how much the answer of the model that is held may change.
        density: What knows a density, if the data are to stay typical by it.

    Raises:
        ValueError: If the spread or the band is not above 0, or no density is known.

    Example:
        >>> wrapped(objective_from_options((), at_least=3.0), (), 0.2).spread
        0.2
    """

    from diffeo.objectives import Agreed, Held, Smoothed, Typical

    agreeing = models if band is None else models[:-1]

    if agreeing:
        objective = Agreed(objective, agreeing)

    if spread is not None:
        objective = Smoothed(objective, spread=spread)

    if band is not None:
        objective = Held(objective, models[-1], band)

    return objective if density is None else Typical(objective, density)


def _check(given: Mapping[str, str | float], *, of_values: bool) -> None:
    """Refuse numbers that are none, and a class of a model of values."""

    for name, value in given.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{_flag(name)} must be a finite number, got {value}")

    if of_values and "target" in given:
        raise ValueError(
            "--target must be given with a classifier, got a regressor; its goals are "
            "--at-least, --at-most, and --near with --within"
        )


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _class(text: str, classes: tuple[str, ...]) -> int | Literal["other"]:
    if text in classes:
        return classes.index(text)

    if text == "other":
        return "other"

    if not text.isdecimal():
        names = f"one of {', '.join(classes)}" if classes else "a name from --classes"

        raise ValueError(
            f"target must be a class number or 'other', or {names}, got {text}"
        )

    return int(text)
