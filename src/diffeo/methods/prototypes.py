"""Ascent towards the prototype of a class."""

from dataclasses import dataclass, field

import torch

from diffeo.ascents import Ascent
from diffeo.batching import in_batches
from diffeo.methods.bisected import Changes
from diffeo.methods.gradient import PIXEL_ASCENT, GradientMethod
from diffeo.objectives import Objective
from diffeo.objectives.penalized import Penalized, Weight
from diffeo.objectives.penalties import (
    Autoencoder,
    Encoder,
    Manhattan,
    Penalty,
    PrototypeDistance,
    ReconstructionError,
    ReferenceLabels,
    References,
    SquaredEuclidean,
)
from diffeo.shapes import Data, Model, Scores

__all__ = ["PrototypeObjective", "prototypes"]


@dataclass(frozen=True, eq=False)
class PrototypeObjective:
    """Log-odds less penalties on distance, reconstruction error and prototype distance.

    Called with log-odds it returns the objective. The penalty is
    weight · (β ‖x′ − x‖₁ + ‖x′ − x‖₂² + γ ‖x′ − AE(x′)‖₂² + θ ‖e(x′) − prototype‖₂²).

    Args:
        encodings: Encodings e of training data.
        labels: The class that the model under explanation finds in each.
        autoencoder: From data to data of the same shape, trained on all classes; the
            one of an exact flow would find everything likely.
        weight: Log-odds that a unit of all penalties costs, 1 / c, shape (batch,) if
            each row has its own.
        sparsity: β.
        likeness: γ.
        attraction: θ.
        encoder: From data to their encodings, differentiable; not given if these are
            the coordinates in which the search moves.

    Example:
        >>> from diffeo import Identity
        >>> x = torch.rand(8, 1, 1, 2)
        >>> found = PrototypeObjective.from_data(
        ...     x,
        ...     lambda x: x.flatten(1),
        ...     Identity((1, 1, 2)).encode,
        ...     autoencoder=lambda x: x,
        ... )
        >>> from diffeo import TargetClass
        >>> found(TargetClass(1)).penalty.count
        5
    """

    encodings: References = field(repr=False)
    labels: ReferenceLabels = field(repr=False)
    autoencoder: Autoencoder = field(repr=False)
    weight: Weight = 0.1
    sparsity: float = 0.1
    likeness: float = 1.0
    attraction: float = 0.1
    encoder: Encoder | None = field(default=None, repr=False)

    @classmethod
    @torch.no_grad()
    def from_data(
        cls,
        x: Data,
        model: Model,
        encode: Encoder,
        *,
        autoencoder: Autoencoder,
    ) -> "PrototypeObjective":
        """Encode training data, labeled by the model under explanation.

        Args:
            x: Training data.
            model: From data to a logit for each class.
            encode: From data to where prototypes live.
            autoencoder: Trained on data of all classes.
        """

        labels = in_batches(model, x).argmax(1)

        return cls(in_batches(encode, x), labels, autoencoder)

    def __call__(self, objective: Objective) -> Objective:
        """Return log-odds less all penalties."""

        nearest = PrototypeDistance(self.encodings, self.labels, encoder=self.encoder)
        penalties: list[tuple[Penalty, float]] = [
            (SquaredEuclidean(), 1.0),
            (Manhattan(), self.sparsity),
            (ReconstructionError(self.autoencoder), self.likeness),
            (nearest, self.attraction),
        ]

        for penalty, share in penalties:
            objective = Penalized(objective, penalty, self.weight * share)

        return objective

    def distance(self, change: Changes) -> Scores:
        """Return the terms of distance alone, β ‖x′ − x‖₁ + ‖x′ − x‖₂².

        Args:
            change: x′ − x as vectors.
        """

        return self.sparsity * change.abs().sum(1) + change.square().sum(1)


def prototypes(
    objective: PrototypeObjective, ascent: Ascent | None = None
) -> GradientMethod:
    """Ascend towards prototypes of the target class.

    Source: Van Looveren and Klaise, 2021, Interpretable counterfactual explanations
    guided by prototypes, equations (2) to (6). Prototypes are means over the 5 nearest
    training data that the classifier finds to be of the target class.

    With an encoder of its own the data themselves are moved, as in that source. Without
    one, coordinates are moved and prototypes live in them, as Dombrowski et al., 2024,
    Section V, have it. Other choices:

    - Their c weighs the prediction; the weight is its inverse, which `Bisected` finds
      for each row as they do.
    - Log-odds stand for their hinge of probabilities, and the ascent of `search` for
      FISTA.
    - In the coordinates of a flow θ and γ are smaller than theirs: squared distances
      have as many terms there as the data have dimensions.

    Args:
        objective: Fitted to training data.
        ascent: How to step; the default of `search` if not given, held inside [0, 1]
            where data are moved.

    Example:
        >>> from diffeo import Identity
        >>> x, place = torch.rand(8, 1, 1, 2), Identity((1, 1, 2))
        >>> fitted = PrototypeObjective.from_data(
        ...     x, lambda x: x.flatten(1), place.encode, autoencoder=lambda x: x
        ... )
        >>> prototypes(fitted).price is fitted
        True
    """

    in_data_space = objective.encoder is not None

    return GradientMethod(
        ascent or (PIXEL_ASCENT if in_data_space else None), objective, in_data_space
    )
