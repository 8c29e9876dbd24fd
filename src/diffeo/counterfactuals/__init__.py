"""The record that a search returns."""

from diffeo.counterfactuals.outcome import Outcome, Typicality
from diffeo.counterfactuals.path import SearchPath
from diffeo.counterfactuals.record import Counterfactuals, choose, concatenate

__all__ = [
    "Counterfactuals",
    "Outcome",
    "SearchPath",
    "Typicality",
    "choose",
    "concatenate",
]
