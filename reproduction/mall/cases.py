"""From few people to many, from many to few, and to a number in between."""

from dataclasses import dataclass
from typing import Literal

import torch

from diffeo.data.labelled import LabelledImages
from diffeo.models.flow.flow import Flow
from diffeo.models.locator import Locator
from diffeo.objectives import AtLeast, AtMost, Near, Objective
from diffeo.shapes import Flags, Images, Scores

__all__ = ["CASES", "KINDS", "POOLED", "Case", "Kind", "Setup", "of_kind"]

Kind = Literal["few", "many"]
KINDS: tuple[Kind, Kind] = ("few", "many")
FEW, MANY = 2.0, 8.0  # heads that a patch has at most, or at least


def of_kind(counts: Scores, kind: Kind) -> Flags:
    """Return which numbers of heads are few, or many.

    Args:
        counts: Numbers of heads.
        kind: Which of both.
    """

    return counts <= FEW if kind == "few" else counts >= MANY


@dataclass(frozen=True)
class Case:
    """From few people or many to a number of them.

    Args:
        objective: The number.
        source: What patches have to start with.
        target: What they are to have; None for something in between.
        title: What is done, for the page.
    """

    objective: Objective
    source: Kind
    target: Kind | None
    title: str


CASES = {
    "max": Case(AtLeast(10.0), "few", "many", "few people become many"),
    "min": Case(AtMost(0.5), "many", "few", "many people become none"),
    "near": Case(Near(5.0, within=0.5), "few", None, "few people become five"),
}
POOLED = "max", "min"
"""Cases of the paper, both directions, whose rows are pooled in results of no case."""


@dataclass(frozen=True, eq=False)
class Setup:
    """What is searched, and what judges.

    Args:
        train: Patches of the training part, in which neighbors are looked for.
        test: Patches of the test part.
        flow: The flow of patches.
        model: The network under explanation.
        oracle: A larger one.
        said: How many heads the network finds in each test patch.
    """

    train: LabelledImages
    test: LabelledImages
    flow: Flow
    model: Locator
    oracle: Locator
    said: Scores

    def patches(self, kind: Kind, count: int) -> Images:
        """Return test patches of few people or many, as the model sees them.

        They are far apart in time.

        Args:
            kind: Which of both.
            count: Most patches.
        """

        rows = of_kind(self.said, kind).nonzero()[:, 0]
        chosen = torch.linspace(0, len(rows) - 1, min(count, len(rows))).long()

        return self.test.images[rows[chosen]]
