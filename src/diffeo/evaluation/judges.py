"""All that metrics may judge by."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import torch

from diffeo.batching import in_batches
from diffeo.coordinates.protocol import Coordinates
from diffeo.data.levels import to_8_bits
from diffeo.evaluation.oracles import Oracles
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.settings import Settings
from diffeo.evaluation.task import Task
from diffeo.shapes import Images, Latent

__all__ = ["Judges", "encode_8_bits"]

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Judges:
    """The task, real data, and what metrics make of them once.

    Args:
        task: What the counterfactuals were asked for.
        reference: Real data, without the factuals.
        settings: How oracles are trained.
        factual: All factuals, in the order in which every method has them.
        tell: Called with a few words before something is made.

    Example:
        >>> from diffeo import Identity, TargetClass
        >>> from diffeo.data.labelled import LabelledImages
        >>> x = torch.rand(8, 1, 2, 2)
        >>> data = LabelledImages(x, torch.tensor([0, 1] * 4))
        >>> task = Task(lambda x: x.flatten(1), Identity((1, 2, 2)), TargetClass(1))
        >>> judges = Judges(task, Reference(*data.split(2)), Settings(), factual=x)
        >>> judges.once("Counting", lambda: len(x)), judges.once("Counting", lambda: 0)
        (8, 8)
    """

    task: Task
    reference: Reference
    settings: Settings
    factual: Images
    tell: Callable[[str], None] = lambda words: None  # noqa: ARG005
    made: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def oracles(self) -> Oracles:
        """Models that learn from the training data of the reference."""

        return Oracles(self.reference.train, self.settings, self.tell)

    def once(self, words: str, make: Callable[[], T]) -> T:
        """Return what these words name, made when it is first asked for.

        Args:
            words: What is done then, such as "Training an autoencoder of class 4".
            make: Does it.
        """

        if words not in self.made:
            self.tell(words)
            self.made[words] = make()

        found: T = self.made[words]

        return found

    def encode(self, x: Images) -> Latent:
        """Return the task's coordinates of images; see `encode_8_bits`."""

        return encode_8_bits(self.task.coordinates, x)


@torch.no_grad()
def encode_8_bits(coordinates: Coordinates, x: Images) -> Latent:
    """Return coordinates of images rounded to 8 bits, some at a time.

    Where a gray level is frequent, coordinates stretch it: differences in pixels that
    no file keeps would be long ones. All methods are rounded alike.

    Args:
        coordinates: Those that encode the images.
        x: Images in [0, 1], at least one.

    Example:
        >>> from diffeo import Identity
        >>> encode_8_bits(Identity((1, 1, 2)), torch.tensor([[[[0.5, 1.2]]]]))
        tensor([[0.5020, 1.0000]])
    """

    return in_batches(coordinates.encode, to_8_bits(x), 250)
