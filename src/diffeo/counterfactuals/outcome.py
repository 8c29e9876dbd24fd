"""What became of a row, and of the coordinates that it was searched in."""

from enum import IntEnum

__all__ = ["Outcome", "Typicality"]


class Outcome(IntEnum):
    """How the search of a row ended.

    Example:
        >>> Outcome.EXHAUSTED.meaning
        'ran out of steps'
    """

    ALREADY = 0
    REACHED = 1
    EXHAUSTED = 2
    INTERRUPTED = 3
    NONFINITE = 4
    STALLED = 5

    @property
    def meaning(self) -> str:
        """A sentence for people."""

        return MEANINGS[self]


MEANINGS = {
    Outcome.ALREADY: "was at the target from the start",
    Outcome.REACHED: "reached the target",
    Outcome.EXHAUSTED: "ran out of steps",
    Outcome.INTERRUPTED: "was interrupted",
    Outcome.NONFINITE: "met values that are not finite",
    Outcome.STALLED: "was given up, since it came no nearer to the target",
}


class Typicality(IntEnum):
    """Whether coordinates find an input typical of the data that they know.

    Example:
        >>> Typicality(-1).name
        'UNKNOWN'
    """

    UNKNOWN = -1
    UNTYPICAL = 0
    TYPICAL = 1
