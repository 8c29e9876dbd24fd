"""Trained models by name: weights, the recipe that builds them and their figures."""

from diffeo.zoo.cards import Card
from diffeo.zoo.recipes import Recipe
from diffeo.zoo.weights import card, load, names, save

__all__ = ["Card", "Recipe", "card", "load", "names", "save"]
