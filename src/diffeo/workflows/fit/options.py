"""What a user asks to have a generative model fitted to."""

import csv
import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from diffeo import zoo
from diffeo.workflows.train.module import TrainingOptions

__all__ = ["FitOptions"]


@dataclass(frozen=True)
class FitOptions:
    """What a model is to be fitted to, for how long, and where it is kept.

    Args:
        data: Where the images come from, as the user named it.
        weights: File for the weights, its name ending in ".safetensors".
        minutes: Time for all of it.
        epochs: Passes over the images; as many as fit into the minutes if not given.
        seed: Seed of the first weights, of the order of the images and of noise.
        device: Where to compute.
        progress: Whether to show a bar.
        generator: What is fitted to images; see `GENERATORS` of `fit.images`.
        given: Columns of a table that explanations are to leave as they are: the flow
            learns the others given these.
        asked: Further options of the command, by name, for the card of the weights.

    Raises:
        ValueError: If a number is not positive.

    Example:
        >>> FitOptions("faces", Path("flow.safetensors"), minutes=20.0).folder.name
        'flow.training'
    """

    data: str
    weights: Path
    minutes: float = 60.0
    epochs: int | None = None
    seed: int = 0
    device: str = "cpu"
    progress: bool = True
    generator: str = "glow"
    given: tuple[str, ...] = ()
    asked: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.minutes < math.inf:
            raise ValueError(f"minutes must be positive, got {self.minutes}")

        TrainingOptions(self.weights, 1 if self.epochs is None else self.epochs)

    @property
    def folder(self) -> Path:
        """Where an unfinished training is kept."""

        return self.weights.with_suffix(".training")

    def command(self, epochs: int) -> str:
        """Return the command that fits the flow again, on whatever machine.

        Args:
            epochs: Passes that were made.

        Example:
            >>> options = FitOptions("x", Path("flow.safetensors"), given=("age",))
            >>> options.command(7)
            'diffeo fit x --given age --minutes 60 --epochs 7 --seed 0'
        """

        named = {
            **self.asked,
            "given": ",".join(self.given),
            "minutes": f"{self.minutes:g}",
            "epochs": epochs,
            "seed": self.seed,
        }
        words = ["diffeo", "fit", self.data]

        for name, value in named.items():
            if value not in (None, ""):
                words += [f"--{name}", str(value)]

        return shlex.join(words)

    def course(self, figure: str) -> list[float]:
        """Return a figure of held-out data after each pass, as a training logged it.

        Args:
            figure: The name of its column.

        Example:
            >>> FitOptions("x", Path("no such folder.safetensors")).course("val_bits")
            []
        """

        path = self.folder / "log" / "metrics.csv"

        if not path.is_file():
            return []

        with path.open(newline="", encoding="utf-8") as file:
            return [float(row[figure]) for row in csv.DictReader(file) if row[figure]]

    def card(self, recipe: zoo.Recipe, epochs: int) -> zoo.Card:
        """Return what is told of the weights before anything is measured.

        Args:
            recipe: How the flow is built.
            epochs: Passes that are made.
        """

        command = self.command(epochs)

        return zoo.Card(recipe, self.data, command, "those of the data", {})
