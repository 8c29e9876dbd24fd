"""The same images brought to their target in several coordinates, and in the data."""

import math
import time
from collections.abc import Mapping
from dataclasses import replace

import torch

from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.search import Run
from diffeo.shapes import Images
from reproduction.domain import CONFIDENCE, DATA, LATENT, METHODS, Domain
from reproduction.experiment import mean

__all__ = ["found_in", "round_trip_rms"]


def found_in(
    domain: Domain, x: Images, places: Mapping[str, Coordinates], run: Run
) -> dict[str, Counterfactuals]:
    """Return counterfactuals by where they were found, "data" the last.

    Their seconds are those of the processor.

    Args:
        domain: The classifier and the target.
        x: Factuals.
        places: Coordinates by name.
        run: How to search.
    """

    methods = {name: (METHODS[LATENT], place) for name, place in places.items()}
    methods["data"] = METHODS[DATA], domain.flow
    found = {}

    for name, (method, place) in methods.items():
        begun = time.process_time()
        record = method.explain(
            x,
            domain.model,
            place,
            target=domain.target,
            confidence=CONFIDENCE,
            run=run,
        )
        seconds = (time.process_time() - begun) / len(record)
        spent = torch.full_like(record.seconds, seconds)
        found[name] = replace(record, seconds=spent)

    return found


def round_trip_rms(record: Counterfactuals) -> float:
    """Return the root mean square over pixels of what reconstructions have lost."""

    return math.sqrt(mean((record.reconstruction - record.factual).square()))
