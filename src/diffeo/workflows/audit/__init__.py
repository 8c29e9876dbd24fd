"""Audit a user's model: both directions between answers, judged, on one page."""
