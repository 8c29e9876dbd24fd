"""Ascent in latent coordinates towards the prototype of a class."""

from dataclasses import dataclass, field

import torch

from diffeo.ascents import Ascent, NormalizedGradient
from diffeo.batching import batches_of
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives import Objective, TargetClass
from diffeo.objectives.distances import Manhattan, SquaredEuclidean
from diffeo.objectives.penalized import Penalized, Penalty
from diffeo.objectives.prototypes import Labels, PrototypeDistance, References
from diffeo.objectives.reconstruction import Autoencoder, Unlikeness
from diffeo.search import Run, search
from diffeo.shapes import Data, Model

__all__ = ["FittedPrototypes", "Prototypes"]


@dataclass(frozen=True)
class Prototypes:
    """Climb log-odds less a price on distance, unlikeness and prototype distance.

    The price is weight · (β ‖x′ − x‖₁ + ‖x′ − x‖₂² + γ ‖x′ − AE(x′)‖₂² +
    θ ‖z′ − prototype‖₂²).

    Source: Van Looveren and Klaise, 2021, Interpretable counterfactual explanations
    guided by prototypes, equations (2) to (6). As in Dombrowski et al., 2024, Section
    V, prototypes live in the latent space of the generative model under comparison,
    and are means over the 5 nearest training data that the classifier finds to be of
    the target class. Other choices:

    - They change the data themselves; here z moves. The encoding of a flow is so steep
      at black pixels that the price of the prototype, followed in data space, grew.
    - Their c weighs the prediction and the smallest that succeeds is kept; `weight` is
      its inverse. Log-odds stand for their hinge of probabilities.
    - Of all successes they keep the nearest. The prices are there from the first step,
      so that is, but for detours, the first one, where the search ends.
    - θ and γ are smaller than theirs, because squared distances in the coordinates of a
      flow have as many terms as the data have dimensions.

    Args:
        weight: Of all prices, 1 / c.
        sparsity: β.
        likeness: γ.
        attraction: θ.
        count: Nearest encodings that make a prototype.
        ascent: How to step.
    """

    weight: float = 0.1
    sparsity: float = 0.1
    likeness: float = 1.0
    attraction: float = 0.1
    count: int = 5
    ascent: Ascent = NormalizedGradient()  # noqa: RUF009

    def __post_init__(self) -> None:
        for name in ("weight", "sparsity", "likeness", "attraction"):
            if not getattr(self, name) >= 0:
                raise ValueError(
                    f"{name} must be at least 0, got {getattr(self, name)}"
                )

        if self.count < 1:
            raise ValueError(f"count must be at least 1, got {self.count}")

    def fit(
        self,
        x: Data,
        model: Model,
        coordinates: Coordinates,
        *,
        autoencoder: Autoencoder,
        batch_size: int = 500,
    ) -> "FittedPrototypes":
        """Encode training data, labeled by the model under explanation.

        Args:
            x: Training data.
            model: From data to a logit for each class.
            coordinates: Where prototypes live.
            autoencoder: Trained on data of all classes; the one of an exact flow would
                find everything likely.
            batch_size: Rows encoded at a time.
        """

        with torch.no_grad():
            parts = [
                (coordinates.encode(part), model(part).argmax(1))
                for part in batches_of(x, batch_size)
            ]

        encodings, labels = (torch.cat(part) for part in zip(*parts, strict=True))

        return FittedPrototypes(self, encodings, labels, autoencoder)


@dataclass(frozen=True, eq=False)
class FittedPrototypes:
    """Prototypes that know their training data.

    Args:
        settings: What is paid for.
        encodings: Of the training data.
        labels: The model's answers to them.
        autoencoder: From data to data of the same shape.
    """

    settings: Prototypes
    encodings: References = field(repr=False)
    labels: Labels = field(repr=False)
    autoencoder: Autoencoder = field(repr=False)

    def explain(
        self,
        x: Data,
        model: Model,
        coordinates: Coordinates,
        *,
        target: int,
        confidence: float,
        run: Run,
    ) -> Counterfactuals:
        """Find counterfactuals near prototypes of the target; see `Method`."""

        objective = self.objective(target, confidence)

        return search(
            x, model, objective, Bounded(coordinates), self.settings.ascent, run
        )

    def objective(self, target: int, confidence: float) -> Objective:
        """Return what is climbed: log-odds less all prices."""

        how = self.settings
        pull = PrototypeDistance(self.encodings, self.labels, how.count)
        prices: list[tuple[Penalty, float]] = [
            (SquaredEuclidean(), 1.0),
            (Manhattan(), how.sparsity),
            (Unlikeness(self.autoencoder), how.likeness),
            (pull, how.attraction),
        ]
        objective: Objective = TargetClass(target, confidence)

        for penalty, share in prices:
            objective = Penalized(objective, penalty, how.weight * share)

        return objective
