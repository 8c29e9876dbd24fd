"""What is checked of options that several commands have."""

from collections.abc import Mapping

__all__ = ["checked_seed", "is_of_table"]

MOST = 2**32 - 1  # that all generators of random numbers take


def is_of_table(
    data: str, *, tables: Mapping[str, object], images: Mapping[str, object]
) -> bool:
    """Return whether data are a table; refuse options that are of the other kind.

    Args:
        data: As the user named them.
        tables: Options that are of tables alone, by name; empty or None if not given.
        images: Those that are of images alone.

    Raises:
        ValueError: If an option of the other kind is given.

    Example:
        >>> is_of_table("people.csv", tables={"frozen": "age"}, images={"crop": None})
        True
    """

    from diffeo.data.table import is_table

    found = is_table(data)
    wrong = [
        f"--{name.replace('_', '-')}"
        for name, value in (images if found else tables).items()
        if value
    ]

    if wrong:
        kind = "images" if found else "a table, a CSV or Parquet file"

        raise ValueError(f"{', '.join(wrong)} must be given with {kind}, got {data}")

    return found


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
