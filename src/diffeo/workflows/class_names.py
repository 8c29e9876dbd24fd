"""What the classes of a model are called: by the user, its file, or the data."""

from pathlib import Path

from diffeo.data.picture_folder import PictureFolder, pictures_in
from diffeo.objectives.classes import class_logits
from diffeo.shapes import Outputs

__all__ = ["labels_of", "names_of_classes", "read_classes"]


def read_classes(path: Path | None) -> tuple[str, ...]:
    """Read what the classes are called, one name a line.

    Args:
        path: A text file, of which blank lines at the end do not count; no names if
            not given.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not text, or empty.

    Example:
        >>> read_classes(None)
        ()
    """

    if path is None:
        return ()

    if not path.is_file():
        raise FileNotFoundError(f"classes must be a text file, got {path}")

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"classes must be UTF-8 text, got {path}: {error}") from None

    if not text.strip():
        raise ValueError(f"classes must be names, one a line, got none in {path}")

    return tuple(text.rstrip().splitlines())


def labels_of(place: str, names: tuple[str, ...]) -> PictureFolder:
    """Return what a folder says of the classes of its pictures, if anything.

    Args:
        place: Where images come from, as the user named it.
        names: The names of their files; empty if they have none.

    Example:
        >>> labels_of("digits", ()).classes
        ()
    """

    folder = Path(place)

    if not names or not folder.is_dir():
        return PictureFolder({})

    known = pictures_in(folder)

    return PictureFolder(
        {folder / name: known.files[folder / name] for name in names}, known.classes
    )


def names_of_classes(of_data: tuple[str, ...], outputs: Outputs) -> tuple[str, ...]:
    """Return what the data call the classes of a model; empty if it has others.

    Args:
        of_data: What the labels of the data are called, in order.
        outputs: Of the model.

    Example:
        >>> import torch
        >>> names_of_classes(("cat", "dog"), torch.zeros(1, 2))
        ('cat', 'dog')
        >>> names_of_classes(("cat", "dog"), torch.zeros(1, 10))
        ()
    """

    return of_data if len(of_data) == class_logits(outputs).shape[1] else ()
