"""Options that are of tables, or of images, alone."""

from collections.abc import Mapping

__all__ = ["is_of_table"]


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
