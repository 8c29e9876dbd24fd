"""What a search ascends, and when a row is at its target."""

from diffeo.objectives.classes import TargetClass, confidence_of, log_odds
from diffeo.objectives.protocol import Objective, PerRow, Point, TwoSided
from diffeo.objectives.values import AtLeast, AtMost, Between, Near

__all__ = [
    "AtLeast",
    "AtMost",
    "Between",
    "Near",
    "Objective",
    "PerRow",
    "Point",
    "TargetClass",
    "TwoSided",
    "confidence_of",
    "log_odds",
]
