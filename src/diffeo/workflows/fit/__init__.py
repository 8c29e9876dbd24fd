"""Fit generative models to a user's images or table, and say how good they are."""
