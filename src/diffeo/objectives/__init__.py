"""What a search climbs, and when it has arrived."""

from diffeo.objectives.classes import TargetClass, confidence_of, log_odds
from diffeo.objectives.protocol import Objective, Point
from diffeo.objectives.values import AtLeast, AtMost, Near

__all__ = [
    "AtLeast",
    "AtMost",
    "Near",
    "Objective",
    "Point",
    "TargetClass",
    "confidence_of",
    "log_odds",
]
