"""A record in words."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diffeo.counterfactuals.record import Counterfactuals

__all__ = ["in_two_lines"]


def in_two_lines(record: "Counterfactuals") -> str:
    """Return how many rows ended in which way, and the medians of the reached.

    Args:
        record: Of any rows.

    Example:
        >>> import torch
        >>> from diffeo import AtLeast, Identity, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> record = search(x, lambda x: x.sum(1), AtLeast(1.0), place)
        >>> print(in_two_lines(record).splitlines()[0])
        Counterfactuals of 2 rows: 2 reached the target
    """

    counts = ", ".join(
        f"{count} {outcome.meaning}" for outcome, count in record.counts().items()
    )
    head = f"Counterfactuals of {len(record)} rows: {counts}"

    if not record.exact.all():
        head += f"; {int((~record.exact).sum())} only approximately encoded"

    reached = record.select(record.reached)

    if len(reached) == 0:
        return head

    medians = {
        "distance": reached.distance,
        "latent distance": reached.latent_distance,
    }

    if record.is_of_classes:
        medians["confidence"] = reached.confidence

    told = [f"{int(reached.steps.median())} steps"]
    told += [f"{name} {value.median():.4g}" for name, value in medians.items()]

    return f"{head}\nmedians: {', '.join(told)}"
