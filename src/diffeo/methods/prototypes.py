"""Ascent in latent coordinates towards the prototype of a class."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from diffeo.ascents import Ascent, NormalizedGradient
from diffeo.batching import batches_of
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives import Objective, Point, TargetClass
from diffeo.objectives.distances import Manhattan, SquaredEuclidean
from diffeo.objectives.penalized import Penalized, Penalty
from diffeo.search import Run, search
from diffeo.shapes import Data, Latent, Model, Scores

__all__ = ["FittedPrototypes", "PrototypeDistance", "Prototypes", "nearest_mean"]

Autoencoder = Callable[[Data], Data]
References = Float[Tensor, "references latent"]
Labels = Int[Tensor, " references"]


@dataclass(frozen=True)
class Prototypes:
    """Climb log-odds less a price on distance, unlikeness and prototype distance.

    The price is weight · (β ‖x′ − x‖₁ + ‖x′ − x‖₂² + γ ‖x′ − AE(x′)‖₂² +
    θ ‖z′ − prototype‖₂²).

    Source: Van Looveren and Klaise, 2021, Interpretable counterfactual explanations
    guided by prototypes, equations (2) to (6). Their c weighs the prediction and the
    smallest that succeeds is kept; `weight` is its inverse. As in Dombrowski et al.,
    2024, Section V, the latent space of the prototypes is that of the generative model
    under comparison, and they are means over the 5 nearest training data that the
    classifier finds to be of the target class. Log-odds stand for their hinge of
    probabilities, and Adam with their rate for their shrinking steps. Of one climb they
    keep the nearest success; that is the first here, since the distance grows from 0.
    θ and γ are smaller than theirs, because squared distances in the coordinates of a
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


@dataclass(frozen=True, eq=False)
class Unlikeness:
    """The squared error of an autoencoder: how little data look like what it knows.

    Args:
        autoencoder: From data to data of the same shape.
    """

    autoencoder: Autoencoder = field(repr=False)

    def start(self, point: Point, target: Scores) -> Tensor:  # noqa: ARG002
        """Remember nothing."""

        return point.origin[:, :0]

    def price(self, point: Point, held: Tensor) -> Scores:  # noqa: ARG002
        """Return the squared error."""

        error = point.data - self.autoencoder(point.data)

        return error.flatten(1).square().sum(1)


@dataclass(frozen=True, eq=False)
class PrototypeDistance:
    """The squared distance in coordinates from the prototype of a row's target class.

    Args:
        encodings: Of training data.
        labels: Their classes.
        count: Nearest encodings that make a prototype.
    """

    encodings: References = field(repr=False)
    labels: Labels = field(repr=False)
    count: int

    def start(self, point: Point, target: Scores) -> Tensor:
        """Remember the prototype of each row."""

        prototypes = torch.empty_like(point.origin)

        for wanted in target.unique():
            rows = target == wanted
            of_class = self.encodings[self.labels == wanted]
            prototypes[rows] = nearest_mean(
                point.origin[rows], of_class, count=self.count
            )

        return prototypes

    def price(self, point: Point, held: Tensor) -> Scores:
        """Return the squared distance from the prototype."""

        return (point.latent - held).square().sum(1)


def nearest_mean(z: Latent, encodings: References, *, count: int) -> Latent:
    """Return for each row the mean of its nearest encodings.

    Args:
        z: Where to look from.
        encodings: Where to look.
        count: How many to average, by Euclidean distance.

    Raises:
        ValueError: If there are fewer encodings.
    """

    if not 1 <= count <= len(encodings):
        raise ValueError(
            f"count must be from 1 to the {len(encodings)} encodings of the target "
            f"class, got {count}"
        )

    nearest = torch.cdist(z, encodings).topk(count, largest=False).indices

    return encodings[nearest].mean(1)
