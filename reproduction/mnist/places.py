"""The same fours turned into nines in several coordinates, and in the data."""

import math
import time
from collections.abc import Mapping
from dataclasses import replace

import torch

from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.methods import adversarial
from reproduction.experiment import mean
from reproduction.mnist.setup import CONFIDENCE, IN_Z, TARGET, Setup

__all__ = ["found_in", "round_trip_rms"]


def found_in(
    setup: Setup, places: Mapping[str, Coordinates]
) -> dict[str, Counterfactuals]:
    """Return the fours as nines by where they were found, "data" the last.

    Their seconds are those of the processor.

    Args:
        setup: The fours, the classifier, and how long to search.
        places: Coordinates by name.
    """

    methods = {name: (IN_Z, place) for name, place in places.items()}
    methods["data"] = adversarial(), setup.flow
    found = {}

    for name, (method, place) in methods.items():
        begun = time.process_time()
        record = method.explain(
            setup.fours,
            setup.model,
            place,
            target=TARGET,
            confidence=CONFIDENCE,
            run=setup.run,
        )
        seconds = (time.process_time() - begun) / len(record)
        spent = torch.full_like(record.seconds, seconds)
        found[name] = replace(record, seconds=spent)

    return found


def round_trip_rms(record: Counterfactuals) -> float:
    """Return the root mean square over pixels of what reconstructions have lost."""

    return math.sqrt(mean((record.reconstruction - record.factual).square()))
