"""What tests of whole runs share."""

from unchecked import unchecked

__all__ = ["unchecked"]
