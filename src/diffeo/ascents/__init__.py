"""How a search steps: rules for the next point, given a gradient."""

from diffeo.ascents.adam import Adam
from diffeo.ascents.adaptive import Adaptive
from diffeo.ascents.gradient import Gradient, NormalizedGradient
from diffeo.ascents.lbfgs import LBFGS
from diffeo.ascents.momentum import Momentum
from diffeo.ascents.polyak import Polyak
from diffeo.ascents.projections import Ball, Box, Sphere
from diffeo.ascents.protocol import Ascent

__all__ = [
    "LBFGS",
    "Adam",
    "Adaptive",
    "Ascent",
    "Ball",
    "Box",
    "Gradient",
    "Momentum",
    "NormalizedGradient",
    "Polyak",
    "Sphere",
]
