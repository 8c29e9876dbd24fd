"""How a search steps uphill."""

from diffeo.ascents.adam import Adam
from diffeo.ascents.gradient import Gradient, NormalizedGradient
from diffeo.ascents.projections import Ball, Box
from diffeo.ascents.protocol import Ascent

__all__ = ["Adam", "Ascent", "Ball", "Box", "Gradient", "NormalizedGradient"]
