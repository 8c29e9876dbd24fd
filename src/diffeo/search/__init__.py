"""The one search: ascend an objective in coordinates until the target is reached."""

from diffeo.search.run import Run
from diffeo.search.search import (
    DEFAULT_ASCENT,
    default_ascent,
    search,
    search_batches,
)

__all__ = ["DEFAULT_ASCENT", "Run", "default_ascent", "search", "search_batches"]
