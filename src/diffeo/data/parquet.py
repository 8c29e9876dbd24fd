"""Parquet files, read as the text that a CSV file would hold."""

from pathlib import Path

from diffeo.extras import require

__all__ = ["read_parquet"]


def read_parquet(path: Path) -> list[tuple[str, ...]]:
    """Return the names of the columns, then the cells of each row, as text.

    A float is the shortest text that reads as the same number in the precision that it
    is stored in; a missing value is empty.

    Args:
        path: The file.

    Raises:
        ModuleNotFoundError: If the package that reads such files is not installed.
        ValueError: If it is no such file, or a column is of lists or the like.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import pyarrow
        >>> from pyarrow.parquet import write_table
        >>> table = pyarrow.table({"age": [31, None], "size": [1.5, 0.1]})
        >>> with TemporaryDirectory() as folder:
        ...     write_table(table, Path(folder, "people.parquet"))
        ...     read_parquet(Path(folder, "people.parquet"))
        [('age', 'size'), ('31', '1.5'), ('', '0.1')]
    """

    require("pyarrow", extra="tables")

    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            table = file.read()

        texts = [column.cast(pyarrow.string()).to_pylist() for column in table.columns]
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(str(error).partition("\n")[0]) from None

    cells = [["" if text is None else text.strip() for text in each] for each in texts]

    return [tuple(table.column_names), *zip(*cells, strict=True)]
