"""Where a data set lies in its official layout."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["Layout", "Split"]

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Layout:
    """How the folder of a data set is known.

    Args:
        name: What the data set is called.
        file: Name of a file that the folder holds; `*` stands for any letters.
        inside: Folders within the one given, in which the file is looked for too.
        source: Where the data set comes from, for errors.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> layout = Layout("Digits", "labels.*", ("digits",), "https://example.org")
        >>> with TemporaryDirectory() as folder:
        ...     Path(folder, "digits").mkdir()
        ...     Path(folder, "digits", "labels.csv").touch()
        ...     layout.find(Path(folder)).name
        'digits'
    """

    name: str
    file: str
    inside: tuple[str, ...]
    source: str

    def find(self, given: Path | None) -> Path:
        """Return the folder that holds the file: the one given, or one inside of it.

        Args:
            given: The folder to look in; the environment variable DIFFEO_DATA if not
                given.

        Raises:
            FileNotFoundError: If there is no such folder.
        """

        if given is None and "DIFFEO_DATA" not in os.environ:
            raise FileNotFoundError(
                f"the folder that holds {self.name} must be given with --data DIR or "
                "by the environment variable DIFFEO_DATA, got neither; the files are "
                f"at {self.source}"
            )

        root = given or Path(os.environ["DIFFEO_DATA"])

        for folder in (root, *(root / name for name in self.inside)):
            if any(folder.glob(self.file)):
                return folder

        raise FileNotFoundError(
            f"the data folder must hold {self.name}'s files, such as {self.file}, got "
            f"{root}, which does not, nor do its subfolders {', '.join(self.inside)}; "
            f"the files are at {self.source}"
        )
