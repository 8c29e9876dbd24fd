"""Ascent in latent coordinates towards the prototype of a class."""

from dataclasses import dataclass, field

import torch

from diffeo.batching import batches_of
from diffeo.coordinates.protocol import Coordinates
from diffeo.methods.gradient import LATENT_STEPS, GradientMethod
from diffeo.objectives import Objective
from diffeo.objectives.penalized import Penalized
from diffeo.objectives.penalties import (
    Autoencoder,
    Manhattan,
    Penalty,
    ReconstructionError,
    SquaredEuclidean,
)
from diffeo.objectives.prototypes import PrototypeDistance, ReferenceLabels, References
from diffeo.shapes import Data, Model

__all__ = ["PrototypeObjective", "prototypes"]


@dataclass(frozen=True, eq=False)
class PrototypeObjective:
    """Log-odds less penalties on distance, reconstruction error and prototype distance.

    Called with log-odds it returns the objective. The penalty is
    weight · (β ‖x′ − x‖₁ + ‖x′ − x‖₂² + γ ‖x′ − AE(x′)‖₂² + θ ‖z′ − prototype‖₂²).

    Args:
        encodings: Coordinates of training data.
        labels: The class that the model under explanation finds in each.
        autoencoder: From data to data of the same shape, trained on all classes; the
            one of an exact flow would find everything likely.
        weight: Log-odds that a unit of all penalties costs, 1 / c.
        sparsity: β.
        likeness: γ.
        attraction: θ.

    Example:
        >>> from diffeo import Identity
        >>> x = torch.rand(8, 1, 1, 2)
        >>> found = PrototypeObjective.fit(
        ...     x, lambda x: x.flatten(1), Identity((1, 1, 2)), autoencoder=lambda x: x
        ... )
        >>> from diffeo import TargetClass
        >>> found(TargetClass(1)).penalty.count
        5
    """

    encodings: References = field(repr=False)
    labels: ReferenceLabels = field(repr=False)
    autoencoder: Autoencoder = field(repr=False)
    weight: float = 0.1
    sparsity: float = 0.1
    likeness: float = 1.0
    attraction: float = 0.1

    @classmethod
    @torch.no_grad()
    def fit(
        cls,
        x: Data,
        model: Model,
        coordinates: Coordinates,
        *,
        autoencoder: Autoencoder,
    ) -> "PrototypeObjective":
        """Encode training data, labeled by the model under explanation.

        Args:
            x: Training data.
            model: From data to a logit for each class.
            coordinates: Coordinates of a generative model, where prototypes live.
            autoencoder: Trained on data of all classes.
        """

        parts = [(coordinates.encode(x), model(x).argmax(1)) for x in batches_of(x)]
        encodings, labels = (torch.cat(part) for part in zip(*parts, strict=True))

        return cls(encodings, labels, autoencoder)

    def __call__(self, objective: Objective) -> Objective:
        """Return log-odds less all penalties."""

        penalties: list[tuple[Penalty, float]] = [
            (SquaredEuclidean(), 1.0),
            (Manhattan(), self.sparsity),
            (ReconstructionError(self.autoencoder), self.likeness),
            (PrototypeDistance(self.encodings, self.labels), self.attraction),
        ]

        for penalty, share in penalties:
            objective = Penalized(objective, penalty, self.weight * share)

        return objective


def prototypes(objective: PrototypeObjective) -> GradientMethod:
    """Ascend in latent coordinates towards prototypes of the target class.

    Source: Van Looveren and Klaise, 2021, Interpretable counterfactual explanations
    guided by prototypes, equations (2) to (6). As in Dombrowski et al., 2024, Section
    V, prototypes live in the latent space of the generative model under comparison,
    and are means over the 5 nearest training data that the classifier finds to be of
    the target class. Other choices:

    - They change the data themselves; here z moves. The encoding of a flow is so steep
      at black pixels that the distance to the prototype, followed in data space, grew.
    - Their c weighs the prediction and the smallest that succeeds is kept; the weight
      is its inverse. Log-odds stand for their hinge of probabilities.
    - Of all successes they keep the nearest; here the search ends at the first one.
    - θ and γ are smaller than theirs, because squared distances in the coordinates of a
      flow have as many terms as the data have dimensions.

    Args:
        objective: Fitted to training data.

    Example:
        >>> from diffeo import Identity
        >>> x, place = torch.rand(8, 1, 1, 2), Identity((1, 1, 2))
        >>> fitted = PrototypeObjective.fit(
        ...     x, lambda x: x.flatten(1), place, autoencoder=lambda x: x
        ... )
        >>> prototypes(fitted).price is fitted
        True
    """

    return GradientMethod(LATENT_STEPS, objective)
