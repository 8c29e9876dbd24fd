"""The seeds that options may give."""

__all__ = ["checked_seed"]

MOST = 2**32 - 1  # that all generators of random numbers take


def checked_seed(seed: int) -> int:
    """Return a seed, if all generators of random numbers take it.

    Args:
        seed: As the user gave it.

    Raises:
        ValueError: If one does not.

    Example:
        >>> checked_seed(-1)
        Traceback (most recent call last):
        ValueError: seed must be from 0 to 4294967295, got -1
    """

    if not 0 <= seed <= MOST:
        raise ValueError(f"seed must be from 0 to {MOST}, got {seed}")

    return seed
