"""Which of forty attributes change along: MNAC, and correlations beside the data's."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor, nn

from diffeo.counterfactuals import Counterfactuals
from diffeo.data.faces import Faces
from diffeo.evaluation.intervals import Interval, interval_of, mean
from diffeo.report.figures import COLORS
from reproduction.celeba.networks import Probabilities, attribute_probabilities

__all__ = [
    "attribute_results",
    "attributes_figure",
    "correlation_difference",
    "moved_results",
    "told",
]

SHOWN = 14  # attributes of the figure
RESAMPLES = 2000
MOVED = (
    "Male",
    "Heavy_Makeup",
    "Wearing_Lipstick",
    "Young",
    "Smiling",
    "Pale_Skin",
    "Black_Hair",
    "Attractive",
)
"""Attributes of which results tell by how much they move along."""


def told(
    record: Counterfactuals, model: nn.Module
) -> tuple[Probabilities, Probabilities]:
    """Return the probabilities of attributes before and after, of rows that reached.

    Args:
        record: Of faces.
        model: What tells the attributes.
    """

    there = record.select(record.reached)

    return (
        attribute_probabilities(model, there.factual),
        attribute_probabilities(model, there.counterfactual),
    )


def attribute_results(
    records: Mapping[str, Counterfactuals], model: nn.Module, attribute: int
) -> dict[str, float]:
    """Return the mean number of attributes that change, and who agrees on the one.

    Source: Rodríguez et al., 2021, Beyond trivial counterfactual explanations with
    diverse valuable explanations, for the mean number of attribute changes (MNAC).

    Args:
        records: By method; those that reached their targets count.
        model: What tells the attributes.
        attribute: Number of the one that was to change.
    """

    results: dict[str, float] = {}

    for name, record in records.items():
        before, after = (each > 0.5 for each in told(record, model))
        wanted = record.target[record.reached].bool()
        changed = (before != after).sum(1).double()
        agreed = (after[:, attribute] == wanted).double()
        results |= interval_of(changed, mean).as_results(f"mnac_{name}")
        results |= interval_of(agreed, mean).as_results(f"attributes_target_{name}")

    return results


def correlation_difference(
    before: Probabilities, after: Probabilities, labels: Tensor, attribute: int
) -> Interval:
    """Return how far changes correlate otherwise than labels do, summed over all.

    It is Σₐ |corr(δ_q, δ_a) − corr(y_q, y_a)|, where δ are the changes of decisions
    and q is the attribute that was to change, in some faces one way and in some the
    other. The interval is of the faces that changed; as differences count whatever
    their sign, fewer different faces differ more, and it may begin above the value.

    Source: Jeanneret, Simon and Jurie, 2022, Diffusion models for counterfactual
    explanations, Section 4.2, "Correlation Difference".

    Args:
        before: Probabilities of the attributes of factuals.
        after: Those of their counterfactuals.
        labels: True attributes of real faces, a flag for each.
        attribute: Number q.
    """

    changes = (after > 0.5).double() - (before > 0.5).double()
    real = _correlations(labels.double(), attribute)
    others = torch.arange(len(real)) != attribute

    def difference(rows: Float[Tensor, "*samples rows"]) -> Float[Tensor, "*samples"]:
        found = _correlations(changes[rows.long()], attribute)

        return (found - real)[..., others].abs().sum(-1)

    return interval_of(torch.arange(len(changes)), difference, RESAMPLES)


def moved_results(
    records: Mapping[str, Counterfactuals],
    model: nn.Module,
    faces: Faces,
    attribute: int,
) -> dict[str, float]:
    """Return by how much the mean probabilities of other attributes rise along.

    Beside them is the difference of shares of real faces with the one and without it.

    Args:
        records: By method; those that reached their targets count.
        model: What tells the attributes.
        faces: Real faces.
        attribute: Number of the one that was to change.
    """

    numbers = {name: faces.attribute_names.index(name) for name in MOVED}
    real = _real_difference(faces, attribute)
    results = {
        f"moved_{name.lower()}_real": real[at].item() for name, at in numbers.items()
    }

    for method, record in records.items():
        before, after = told(record, model)

        for name, at in numbers.items():
            moved = interval_of((after - before)[:, at], mean)
            results |= moved.as_results(f"moved_{name.lower()}_{method}")

    return results


def attributes_figure(
    records: Mapping[str, Counterfactuals],
    model: nn.Module,
    faces: Faces,
    attribute: int,
) -> Figure:
    """Draw how much the probabilities of attributes move, beside what goes with one.

    Args:
        records: By method.
        model: What tells the attributes.
        faces: Real faces: the difference between those with the attribute and others.
        attribute: Number of the one that was to change.
    """

    real = _real_difference(faces, attribute)
    moves = {"real faces with and without": real}

    for name, record in records.items():
        before, after = told(record, model)
        moves[name] = after.double().mean(0) - before.double().mean(0)

    shown = real.abs().argsort(descending=True)[:SHOWN].tolist()

    return _bars(moves, shown, faces.attribute_names)


def _real_difference(faces: Faces, attribute: int) -> Float[Tensor, " attributes"]:
    """Return the shares of faces with an attribute less those of faces without it."""

    flags, having = faces.attributes.double(), faces.attributes[:, attribute]

    return flags[having].mean(0) - flags[~having].mean(0)


def _bars(
    moves: Mapping[str, Tensor], shown: Sequence[int], names: Sequence[str]
) -> Figure:
    figure = Figure(figsize=(6.4, 0.32 * len(shown) + 1.2), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / len(moves)

    for at, (name, values) in enumerate(moves.items()):
        places = np.arange(len(shown)) + height * at
        axes.barh(places, values[shown].numpy(), height, label=name, color=COLORS[at])

    axes.set_yticks(
        np.arange(len(shown)) + 0.4 - height / 2,
        [names[at].replace("_", " ").lower() for at in shown],
        fontsize=8,
    )
    axes.invert_yaxis()
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("change of the share, or of the mean probability")
    axes.legend(fontsize=8, frameon=False)

    return figure


def _correlations(
    values: Float[Tensor, "*samples batch attributes"], one: int
) -> Float[Tensor, "*samples attributes"]:
    """Return the correlation of each column with one; 0 where a column is constant."""

    centered = values - values.mean(-2, keepdim=True)
    scale = centered.norm(dim=-2)
    products = (centered * centered[..., one : one + 1]).sum(-2)
    both = scale * scale[..., one : one + 1]

    return torch.where(both > 0, products / both, torch.zeros_like(both))
