"""The methods that are scored, with their published or usual settings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import nn

from diffeo.batching import batches_of
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.labelled import LabelledImages
from diffeo.distances import LatentDistance
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.oracle_training import AutoencoderSettings, trained_autoencoder
from diffeo.methods import (
    GradientMethod,
    PrototypeObjective,
    adversarial,
    diffeomorphic,
    prototypes,
    revise,
    wachter,
)
from diffeo.models.flow.flow import Flow
from diffeo.objectives import TargetClass
from diffeo.search import Run
from diffeo.shapes import Images

__all__ = ["NAMES", "Explained", "methods_for"]

REFERENCES = 1000  # training images among which prototypes are looked for
NAMES = "diffeomorphic", "closest", "adversarial", "wachter", "revise", "prototypes"
CLOSEST = "closest", "agreed"  # methods that come as near as they may


@dataclass(frozen=True, eq=False)
class Explained:
    """A classifier of a task with what is known to explain it.

    Args:
        model: The classifier.
        flow: A flow of the images of its task.
        methods: By name.
        run: How long to search.
    """

    model: nn.Module
    flow: Flow
    methods: Mapping[str, GradientMethod]
    run: Run

    def explain(
        self, name: str, x: Images, target: int, confidence: float
    ) -> Counterfactuals:
        """Return counterfactuals of a method.

        Args:
            name: The method.
            x: Images of the other class.
            target: The class to become.
            confidence: Probability that the target must have.
        """

        closest = (LatentDistance(),) if name in CLOSEST else ()

        return self.methods[name].explain(
            x,
            self.model,
            self.flow,
            TargetClass(target, confidence),
            replace(self.run, closest=closest),
        )


def methods_for(
    train: LabelledImages, flow: Flow, autoencoder: AutoencoderSettings
) -> dict[str, GradientMethod]:
    """Return all methods that ask one classifier alone, by name.

    Args:
        train: Images among which prototypes are looked for, each in its true class.
        flow: In whose coordinates prototypes live.
        autoencoder: Of what prototypes take as a measure of realism.
    """

    known = train.select(slice(REFERENCES))

    with torch.no_grad():
        encodings = torch.cat([flow.encode(x) for x in batches_of(known.images)])

    trained = trained_autoencoder(train.images, autoencoder, Cache.usual())
    fitted = PrototypeObjective(encodings, known.labels, trained)

    return {
        "diffeomorphic": diffeomorphic(),
        "closest": diffeomorphic(),
        "adversarial": adversarial(),
        "wachter": wachter(),
        "revise": revise(),
        "prototypes": prototypes(fitted),
    }
