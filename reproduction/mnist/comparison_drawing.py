"""Figures 11, 13, 14 and 15, for MNIST."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from diffeo.batching import batches_of
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.evaluation import Evaluation
from diffeo.report.figures import gallery
from diffeo.shapes import Images
from reproduction.mnist.comparison_figures import (
    Numbers,
    distances_figure,
    shares_figure,
)
from reproduction.mnist.rivals import OURS

__all__ = ["Spaces", "draw_comparison"]

SHOWN = 8
IN_X, IN_Z = "X", "Z"
SHARES = {
    "oracle": ("svm_target", "share that the SVM takes for nines"),
    "neighbors": ("knn_target", "share of nines among 10 neighbors"),
}
Distances = dict[str, dict[str, Numbers]]


def draw_comparison(
    records: Mapping[str, Counterfactuals],
    evaluation: Evaluation,
    spaces: "Spaces",
    folder: Path,
    prefix: str,
) -> None:
    """Write all figures of the methods at one confidence.

    Args:
        records: By name of the method.
        evaluation: Of these records, with the prefix before their names, and controls.
        spaces: Where to measure distances.
        folder: Where to write.
        prefix: Of the confidence; file names begin with it too.
    """

    judged = {name: f"{prefix}{name}" for name in records}
    judged |= {name: name for name in evaluation.controls}
    figures = {
        stem: shares_figure(
            {
                name: _finite(evaluation.scores[full][metric])
                for name, full in judged.items()
            },
            label,
        )
        for stem, (metric, label) in SHARES.items()
    }
    pair = {name: records[name] for name in ("adversarial", OURS)}
    figures["distances"] = distances_figure(*spaces.distances(pair))
    rows = range(min(SHOWN, len(records[OURS])))
    figures["gallery"] = gallery(records, rows)

    for stem, figure in figures.items():
        figure.savefig(folder / f"{prefix}{stem}.png", dpi=150)


@dataclass(frozen=True, eq=False)
class Spaces:
    """Data space and latent space, with the source class in both.

    Args:
        coordinates: Of the generative model.
        fours: Real data of the source class.
    """

    coordinates: Coordinates
    fours: Images

    def distances(
        self, records: Mapping[str, Counterfactuals]
    ) -> tuple[Distances, Distances]:
        """Return distances to the own source image and to all of the source class.

        Of rows that reached their target, in each space, by method.

        Args:
            records: By name of the method.
        """

        fours = self._places(self.fours)
        own: Distances = {}
        others: Distances = {}

        for name, record in records.items():
            after = self._places(record.counterfactual[record.reached])
            before = self._places(record.factual[record.reached])
            own[name] = {
                space: (after[space] - before[space]).norm(dim=1).numpy()
                for space in after
            }
            others[name] = {
                space: torch.cdist(after[space], fours[space]).flatten().numpy()
                for space in after
            }

        return own, others

    @torch.no_grad()
    def _places(self, x: Images) -> dict[str, Tensor]:
        parts = [self.coordinates.encode(part) for part in batches_of(x, 250)]
        latent = torch.cat(parts) if parts else x.flatten(1)

        return {IN_X: x.flatten(1), IN_Z: latent}


def _finite(values: Tensor) -> Numbers:
    found: Numbers = np.asarray(values[values.isfinite()])

    return found
