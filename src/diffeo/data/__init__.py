"""Data sets in their official layouts."""
