"""The record that a search returns."""

from diffeo.counterfactuals.combined import choose, concatenate
from diffeo.counterfactuals.outcome import Outcome, Typicality
from diffeo.counterfactuals.path import SearchPath
from diffeo.counterfactuals.record import Counterfactuals

__all__ = [
    "Counterfactuals",
    "Outcome",
    "SearchPath",
    "Typicality",
    "choose",
    "concatenate",
]
