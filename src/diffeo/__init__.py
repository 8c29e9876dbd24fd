"""Diffeomorphic counterfactuals: what would have to change for another answer?"""

from diffeo.ascents import Adam, Ball, Box, Gradient, NormalizedGradient
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.linear import principal_axes
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.explain import explain
from diffeo.models.classifiers import Logits
from diffeo.objectives import AtLeast, AtMost, Near, TargetClass
from diffeo.search import Run, search

__all__ = [
    "Adam",
    "AtLeast",
    "AtMost",
    "Ball",
    "Bounded",
    "Box",
    "Counterfactuals",
    "Gradient",
    "Identity",
    "Logits",
    "Near",
    "NormalizedGradient",
    "Outcome",
    "Run",
    "TargetClass",
    "explain",
    "principal_axes",
    "search",
]
