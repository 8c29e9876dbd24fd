"""How images of a generator become inputs of a model, as options and files say it."""

import math
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

from torch import nn

from diffeo.models.classifiers import Logits
from diffeo.models.preprocessed import Preprocessed

__all__ = ["ModelInput"]

IMAGENET = {
    "model_mean": (0.485, 0.456, 0.406),
    "model_std": (0.229, 0.224, 0.225),
}


@dataclass(frozen=True)
class ModelInput:
    """How images of a generator become inputs of a model; see `Preprocessed`.

    Args:
        size: Side of the squares that the model takes, in pixels; None for images as
            they are.
        mean: What is subtracted from each channel; nothing if None.
        std: What each channel is divided by; nothing if None.
        outputs: Whether it returns "logits" (or log-probabilities, or values) or
            "probabilities"; None if nobody says so, which counts as "logits".

    Example:
        >>> ModelInput.of(224, "imagenet", "imagenet").mean
        (0.485, 0.456, 0.406)
    """

    size: int | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    outputs: Literal["logits", "probabilities"] | None = None

    @classmethod
    def of(
        cls,
        size: int | None,
        mean: str | None,
        std: str | None,
        outputs: Literal["logits", "probabilities"] | None = None,
    ) -> "ModelInput":
        """Return what options say.

        Args:
            size: Side in pixels; None if not given.
            mean: Numbers with commas between them, or "imagenet"; None if not given.
            std: As `mean`.
            outputs: What the model returns; None if not given.

        Raises:
            ValueError: If a text is no list of numbers.
        """

        return cls(
            size, _numbers("model_mean", mean), _numbers("model_std", std), outputs
        )

    def over(self, other: "ModelInput") -> "ModelInput":
        """Return what is said here and, where nothing is, what another says.

        Example:
            >>> ModelInput(size=64).over(ModelInput(224, (0.5,))).mean
            (0.5,)
        """

        told = {name: value for name, value in vars(self).items() if value is not None}

        return replace(other, **told)

    def applied(self, model: nn.Module) -> nn.Module:
        """Return a model of a generator's images and of logits, on its device."""

        probabilities = self.outputs == "probabilities"

        if (self.size, self.mean, self.std) == (None, None, None):
            return Logits(model) if probabilities else model

        wrapped = Preprocessed(
            model,
            size=self.size,
            mean=self.mean or (0.0,),
            std=self.std or (1.0,),
            probabilities=probabilities,
        )
        example = next(chain(model.parameters(), model.buffers()), None)

        return wrapped if example is None else wrapped.to(example.device)


def _numbers(name: str, text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None

    if text == "imagenet":
        return IMAGENET[name]

    try:
        found = tuple(map(float, text.split(",")))
    except ValueError:
        found = ()

    if not found or not all(map(math.isfinite, found)):
        raise ValueError(
            f"{name} must be numbers with commas between them, or 'imagenet', got "
            f"{text}"
        )

    return found
