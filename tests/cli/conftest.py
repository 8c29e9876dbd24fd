"""What tests of whole runs share."""

from coarse import coarse_figures
from unchecked import unchecked

__all__ = ["coarse_figures", "unchecked"]
