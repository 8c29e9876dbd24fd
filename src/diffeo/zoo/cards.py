"""What is stored beside weights, in the file and to read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from diffeo.zoo.recipes import Recipe

__all__ = ["Card"]

FORMAT, VERSION = "diffeo-model", "1"
OPTIONAL = "accelerator", "time", "verdict"
TEXTS = ("data", "command", "terms", *OPTIONAL)
ENTRIES = ("recipe", "settings", "figures", *TEXTS)


@dataclass(frozen=True)
class Card:
    """What to know of trained weights.

    Args:
        recipe: How the model is built.
        data: What it was trained on.
        command: The command that trained it.
        terms: The licence of weights and data.
        figures: What was measured on the stored weights, by name.
        accelerator: What the training ran on, if not on a CPU.
        time: How much processor time the training took, and on which processor, in
            words, if that was measured.
        verdict: What to make of the model, in words, if somebody judged it.
        classes: What the classes of a classifier are called, in order, if that is
            known.

    Example:
        >>> recipe = Recipe("perceptron", {"features": 3, "outputs": 1})
        >>> card = Card(recipe, "noise", "none", "Apache-2.0", {"accuracy": 0.5})
        >>> Card.from_metadata(card.metadata()) == card
        True
    """

    recipe: Recipe
    data: str
    command: str
    terms: str
    figures: dict[str, float]
    accelerator: str = ""
    time: str = ""
    verdict: str = ""
    classes: tuple[str, ...] = ()

    def metadata(self) -> dict[str, str]:
        """Return the card as text by name, as a safetensors file holds it."""

        return {
            "format": FORMAT,
            "version": VERSION,
            "recipe": self.recipe.name,
            "settings": json.dumps(self.recipe.settings),
            "figures": json.dumps(self.figures),
            **({"classes": "\n".join(self.classes)} if self.classes else {}),
            **{name: getattr(self, name) for name in TEXTS},
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "Card":
        """Return the card that text by name holds.

        Args:
            metadata: As `metadata` returns it. The version may be missing: it is 1;
                so may the accelerator, the time, the verdict and the classes.

        Raises:
            ValueError: If an entry is missing or of another kind.
        """

        metadata = {**dict.fromkeys(OPTIONAL, ""), **metadata}
        found = f"{metadata.get('format')} version {metadata.get('version', VERSION)}"

        if found != f"{FORMAT} version {VERSION}":
            raise ValueError(
                f"metadata must be of format {FORMAT} version {VERSION}, got {found}"
            )

        missing = [name for name in ENTRIES if name not in metadata]

        if missing:
            raise ValueError(f"metadata must have {', '.join(missing)}, got none")

        figures = _json_object(metadata, "figures")

        if not all(isinstance(value, int | float) for value in figures.values()):
            raise ValueError(f"figures must be numbers, got {figures}")

        return cls(
            Recipe(metadata["recipe"], _json_object(metadata, "settings")),
            figures={name: float(value) for name, value in figures.items()},
            classes=tuple(metadata.get("classes", "").splitlines()),
            **{name: metadata[name] for name in TEXTS},
        )

    def with_seed(self, seed: int) -> "Card":
        """Return the card of a recipe whose first weights have a seed.

        Args:
            seed: The seed.
        """

        recipe = replace(self.recipe, settings={**self.recipe.settings, "seed": seed})

        return replace(self, recipe=recipe)

    def markdown(self, name: str) -> str:
        """Return the card as a page to read.

        Args:
            name: What the weights are called.
        """

        settings = json.dumps(self.recipe.settings)
        where = f" on {self.accelerator}" if self.accelerator else ""
        time = f"- Time: {self.time}\n" if self.time else ""
        verdict = f"- Verdict: {self.verdict}\n" if self.verdict else ""
        classes = f"- Classes: {', '.join(self.classes)}\n" if self.classes else ""
        figures = "\n".join(
            f"| {key} | {value:.6g} |" for key, value in self.figures.items()
        )

        return f"""{heading(name)} `{self.recipe.name}` with `{settings}`
- Data: {self.data}
- Command: `{self.command}`{where}
{time}- Terms: {self.terms}
{classes}- Storage: kernels of convolutions in 16 bits
{verdict}
Measured on the stored weights:

| figure | value |
| --- | --- |
{figures}
"""


def heading(name: str) -> str:
    """Return how the page of a card begins."""

    return f"# {name}\n\n- Recipe:"


def _json_object(metadata: Mapping[str, str], name: str) -> dict[str, Any]:
    try:
        found = json.loads(metadata[name])
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} must be JSON, got: {error}") from None

    if not isinstance(found, dict):
        raise ValueError(  # noqa: TRY004
            f"{name} must be a JSON object, got {metadata[name][:80]}"
        )

    return found
