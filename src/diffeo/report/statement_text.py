"""How the statements of a record are shown to people."""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

__all__ = ["Statement", "in_order", "statement_of", "statement_texts"]


class Statement(NamedTuple):
    """How one statement is shown: its title, then the number with its unit.

    Args:
        title: What the number is.
        meaning: A sentence for people; empty if the title says all.
        unit: What follows it, with a space if there is to be one.
        total: The name of the statement that tells of how many it is a count; empty
            if it is no count.
        words: What 0 and 1 mean; empty if it is no answer to a question.

    Example:
        >>> Statement("KKT angle", unit="°").write(3.14159)
        '3.14°'
    """

    title: str
    meaning: str = ""
    unit: str = ""
    total: str = ""
    words: tuple[str, ...] = ()

    def write(self, value: float) -> str:
        """Return the number with its unit; a dash if a row has none."""

        if not math.isfinite(value):
            return "–"

        if self.words:
            return self.words[bool(value)]

        number = f"{value:.0f}" if value.is_integer() else f"{value:.3g}"

        return number + self.unit


KNOWN = {
    "distance_before": Statement("distance on arrival"),
    "distance_after": Statement("least distance found"),
    "kkt_angle": Statement(
        "KKT angle",
        "The KKT angle lies between the gradients of the distance and of the margin: "
        "at 0° no nearer counterfactual lies close by.",
        unit="°",
    ),
    "input": Statement("input number"),
    "alternative": Statement("counterfactual of that input"),
    "nearest_angle": Statement(
        "angle to the nearest other",
        "The angle to the nearest other lies between two changes of one input, in "
        "coordinates.",
        unit="°",
    ),
    "diversity_data": Statement(
        "diversity in the data",
        "Diversity is the mean distance of two counterfactuals of an input, over their "
        "mean distance to the input.",
    ),
    "diversity_latent": Statement("diversity in coordinates"),
    "determinant": Statement(
        "determinant",
        "The determinant, of 1 / (1 + distance) for all pairs, is 0 for copies and at "
        "most 1.",
    ),
    "distinct": Statement("counterfactuals that differ"),
    "agreement_before": Statement("judge agrees before", words=("no", "yes")),
    "agreement_after": Statement(
        "judge agrees after",
        "The judge is a model that the search did not ask: it agrees where it answers "
        "what was wanted, of a class whatever its confidence.",
        words=("no", "yes"),
    ),
    "judge_value_before": Statement("judge’s value before"),
    "judge_value_after": Statement("judge’s value after"),
    "typicality_rank": Statement(
        "less typical than",
        "A counterfactual is less typical than those held-out data of its target class "
        "whose density is greater.",
        total="references",
    ),
    "typical_after": Statement("result typical of the table", words=("NO", "yes")),
    "round_trip_rank": Statement(
        "reconstructed worse than",
        "A counterfactual is reconstructed worse than those held-out data of its "
        "target class whose round trip through the coordinates has the smaller error; "
        "where a density is known, that is asked only of rows encoded approximately.",
        total="references",
    ),
    "references": Statement("held-out data"),
    "step_residual": Statement("residual of the encoding"),
    "contraction": Statement(
        "contraction of the encoding",
        "Where the contraction of the encoding is below 1, no other point "
        "close by has the same reconstruction, as is estimated.",
    ),
    "certified_radius": Statement(
        "certified radius",
        "Within the certified radius of the input’s coordinates, the model smoothed "
        "with Gaussian noise has no counterfactual.",
    ),
}


def statement_of(name: str) -> Statement:
    """Return how a statement is shown; an unknown one by its name.

    Example:
        >>> statement_of("certified_radius").title
        'certified radius'
        >>> statement_of("my_number").title
        'my number'
    """

    return KNOWN.get(name, Statement(name.replace("_", " ")))


def in_order(names: Iterable[str]) -> list[str]:
    """Return the names of statements once each, known ones first.

    A file does not keep the order in which they were stated.

    Example:
        >>> in_order(["b", "kkt_angle", "a", "b", "distance_before"])
        ['distance_before', 'kkt_angle', 'a', 'b']
    """

    every = set(names)

    return [name for name in KNOWN if name in every] + sorted(every - KNOWN.keys())


def statement_texts(row: Mapping[str, float]) -> dict[str, str]:
    """Return what was stated of a row, by title; counts with their total.

    Args:
        row: The numbers by the name of their statement.

    Example:
        >>> statement_texts({"typicality_rank": 37.0, "references": 500.0})
        {'less typical than': '37 of 500'}
    """

    stated = {
        name: statement_of(name) for name, value in row.items() if not math.isnan(value)
    }
    totals = {each.total for each in stated.values()}
    texts = {
        each.title: each.write(row[name])
        for name, each in stated.items()
        if name not in totals
    }

    for each in stated.values():
        if each.total in stated:
            texts[each.title] += f" of {row[each.total]:.0f}"

    return texts
