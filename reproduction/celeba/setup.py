"""The faces and models that experiments share."""

from dataclasses import dataclass

from torch import nn

from diffeo.data.celeba import celeba
from diffeo.data.faces import Faces
from diffeo.models.flow.flow import Flow, as_flow
from diffeo.search import Run
from reproduction.celeba.training import ATTRIBUTES, MARGIN, SIZE
from reproduction.domain import Domain, trained
from reproduction.experiment import ExperimentOptions

__all__ = ["Setup", "Size"]


@dataclass(frozen=True)
class Size:
    """How much of CelebA an experiment takes.

    Args:
        blond: Test faces that are to become blond.
        others: Faces for each other attribute and each of its two ways.
        run: How to search.
        train: Training faces; all if not given.
        test: Test faces; all if not given.
    """

    blond: int
    others: int
    run: Run
    train: int | None = None
    test: int | None = None


@dataclass(frozen=True, eq=False)
class Setup:
    """Faces and models.

    Args:
        wide: Training faces with a margin to crop from.
        train: The same without it.
        test: Test faces.
        flow: The flow of faces.
        models: The classifiers under explanation, by the names in `ATTRIBUTES`.
    """

    wide: Faces
    train: Faces
    test: Faces
    flow: Flow
    models: dict[str, nn.Module]

    @classmethod
    def load(cls, options: ExperimentOptions, size: Size) -> "Setup":
        """Read faces and models.

        Args:
            options: Where the data are.
            size: How much to take.

        Raises:
            FileNotFoundError: If CelebA or a model is not there.
        """

        return cls(
            celeba("train", options.data, size=SIZE, margin=MARGIN, limit=size.train),
            celeba("train", options.data, size=SIZE, limit=size.train),
            celeba("test", options.data, size=SIZE, limit=size.test),
            as_flow(trained("celeba-flow")),
            {name: trained(f"celeba-{name}") for name in ATTRIBUTES},
        )

    def domain(self, name: str) -> Domain:
        """Return faces without and with an attribute.

        Args:
            name: One of the names in `ATTRIBUTES`.
        """

        return Domain(
            self.train.labelled(ATTRIBUTES[name]),
            self.test.labelled(ATTRIBUTES[name]),
            self.flow,
            self.models[name],
        )

    def number(self, name: str) -> int:
        """Return which of the attributes has a name in `ATTRIBUTES`."""

        return self.test.attribute_names.index(ATTRIBUTES[name])
