"""Handwritten digits: Sections IV-B and V of the paper, and the geometry of digits."""
