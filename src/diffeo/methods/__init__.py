"""Published methods on the same model and the same coordinates."""

from diffeo.methods.bisected import Bisected, manhattan
from diffeo.methods.falling_price import FallingPrice
from diffeo.methods.gradient import (
    GradientMethod,
    adversarial,
    diffeomorphic,
    revise,
    wachter,
)
from diffeo.methods.prototypes import PrototypeObjective, prototypes
from diffeo.methods.radius_schedule import RadiusSchedule
from diffeo.methods.random_search import RandomSearch

__all__ = [
    "Bisected",
    "FallingPrice",
    "GradientMethod",
    "Method",
    "PrototypeObjective",
    "RadiusSchedule",
    "RandomSearch",
    "adversarial",
    "diffeomorphic",
    "manhattan",
    "prototypes",
    "revise",
    "wachter",
]

Method = GradientMethod | Bisected | FallingPrice | RandomSearch
"""A way to find counterfactuals, settings included."""
