"""An objective while the data stay typical."""

from dataclasses import dataclass
from typing import cast

from diffeo.objectives.within import Within
from diffeo.shapes import Outputs
from diffeo.typical import BoundedDensity

__all__ = ["Typical"]


@dataclass(frozen=True, eq=False)
class Typical(Within):
    """Reach an objective while the log-density stays between the bounds of real data.

    The bounds are those of `is_typical`, which hold the central part of real data. A
    row that starts outside has to come inside.

    Args:
        objective: What the model of the search is to answer.
        coordinates: Those that know the density, such as a flow that was fitted.

    Raises:
        ValueError: If they know no density, or not which are typical.

    Example:
        >>> import torch
        >>> from diffeo import AtLeast, search
        >>> from diffeo.models.flow.flow import Flow
        >>> from diffeo.models.flow.layers import Whiten
        >>> flow = Flow(Whiten((1, 1, 2)), (1, 1, 2)).eval()
        >>> _ = flow.typical.copy_(torch.tensor([-2.5, 0.0]))
        >>> x, goal = torch.tensor([[[[0.5, 1.0]]]]), Typical(AtLeast(1.1), flow)
        >>> found = search(x, lambda x: x[:, 0, 0, 0], goal, flow)
        >>> found.reached, flow.is_typical(found.counterfactual)
        (tensor([True]), tensor([True]))
    """

    coordinates: object

    def __post_init__(self) -> None:
        name = type(self.coordinates).__name__

        if not isinstance(self.coordinates, BoundedDensity):
            raise ValueError(  # noqa: TRY004
                "what is typical must be told by coordinates that know a density, such "
                f"as a fitted flow, got {name}"
            )

        if not self.second.typical.isfinite().all():
            raise ValueError(
                "what is typical must have been measured after training, got "
                f"{name} without bounds"
            )

    @property
    def second(self) -> BoundedDensity:
        """The log-density of data."""

        return cast("BoundedDensity", self.coordinates)

    def bounds(self, outputs: Outputs) -> tuple[Outputs, Outputs]:
        """Return the bounds of typical data, the same for all rows."""

        low, high = self.second.typical.to(outputs)

        return low.expand_as(outputs), high.expand_as(outputs)
