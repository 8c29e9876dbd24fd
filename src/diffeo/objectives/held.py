"""An objective while another model's outputs stay as they are."""

import math
from dataclasses import dataclass

from diffeo.objectives.within import Within
from diffeo.shapes import Model, Outputs

__all__ = ["Held"]


@dataclass(frozen=True, eq=False)
class Held(Within):
    """Reach an objective while a second model's outputs stay within a band.

    Args:
        objective: What the model of the search is to answer.
        model: The second model, from data to outputs, in evaluation mode.
        band: By how much each of its outputs may differ from that for the factual, in
            its own unit.

    Raises:
        ValueError: If the band is not above 0 and finite.

    Example:
        >>> import torch
        >>> from diffeo import AtLeast, Identity, search
        >>> x, goal = torch.zeros(1, 2), Held(AtLeast(2.0), lambda x: x[:, 0], 0.5)
        >>> found = search(x, lambda x: x.sum(1), goal, Identity((2,)))
        >>> bool(found.counterfactual[0, 0].abs() <= 0.5), bool(found.reached)
        (True, True)
    """

    model: Model
    band: float

    def __post_init__(self) -> None:
        if not 0 < self.band < math.inf:
            raise ValueError(f"band must be above 0 and finite, got {self.band}")

    @property
    def second(self) -> Model:
        """The model that is held."""

        return self.model

    def bounds(self, outputs: Outputs) -> tuple[Outputs, Outputs]:
        """Return the outputs for the factuals, less and plus the band."""

        return outputs - self.band, outputs + self.band
