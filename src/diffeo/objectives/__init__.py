"""What a search ascends, and when a row is at its target."""

from diffeo.objectives.agreed import Agreed
from diffeo.objectives.classes import TargetClass, confidence_of, log_odds
from diffeo.objectives.held import Held
from diffeo.objectives.protocol import Objective, PerRow, Point, TwoSided
from diffeo.objectives.repelled import Repelled
from diffeo.objectives.smoothed import Smoothed
from diffeo.objectives.typical import Typical
from diffeo.objectives.values import AtLeast, AtMost, Between, Near

__all__ = [
    "Agreed",
    "AtLeast",
    "AtMost",
    "Between",
    "Held",
    "Near",
    "Objective",
    "PerRow",
    "Point",
    "Repelled",
    "Smoothed",
    "TargetClass",
    "TwoSided",
    "Typical",
    "confidence_of",
    "log_odds",
]
