"""What counterfactuals were asked for."""

from dataclasses import dataclass

from diffeo.coordinates.protocol import Coordinates
from diffeo.objectives import Objective, Point
from diffeo.shapes import Model, Outputs, Scores

__all__ = ["Task"]


@dataclass(frozen=True, eq=False)
class Task:
    """The model under explanation, what it was to answer, and where to measure.

    Args:
        model: Classifier or regressor under explanation, in evaluation mode.
        coordinates: Coordinates of a generative model, in which latent distances are
            measured and, if they have one, densities. A record may have been found in
            others.
        objective: When a row is at its target, without penalties.

    Example:
        >>> import torch
        >>> from diffeo import Identity, TargetClass
        >>> task = Task(lambda x: x, Identity((2,)), TargetClass(1, 0.9))
        >>> before, after = torch.tensor([[5.0, 0.0]]), torch.tensor([[0.0, 5.0]])
        >>> task.margin(after, before=before) > 0
        tensor([True])
    """

    model: Model
    coordinates: Coordinates
    objective: Objective

    def margin(self, outputs: Outputs, *, before: Outputs) -> Scores:
        """Return how far past the target each row is: at the target from 0 on.

        Args:
            outputs: What the model answers to the row.
            before: What it answers to the factual of the row.
        """

        nothing = outputs.new_zeros(len(outputs), 0)
        start, point = (
            Point(nothing, nothing, each, nothing, nothing)
            for each in (before, outputs)
        )

        return self.objective.margin(point, self.objective.start(start))
