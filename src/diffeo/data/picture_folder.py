"""Which pictures a folder holds, and the class of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from diffeo.data.pictures import PICTURES
from diffeo.data.table import read_table

__all__ = ["LABELS", "PictureFolder", "pictures_in"]

LABELS = "labels.csv"


@dataclass(frozen=True)
class PictureFolder:
    """The pictures of a folder.

    Args:
        files: The class of each picture, by its file, in the order of their names;
            empty words if the folder says nothing of classes.
        classes: What the classes are called, in the order in which they are counted.

    Example:
        >>> PictureFolder({Path("a.png"): "cat"}, ("cat",)).classes
        ('cat',)
    """

    files: Mapping[Path, str]
    classes: tuple[str, ...] = ()


def pictures_in(folder: Path) -> PictureFolder:
    """Return the pictures of a folder, and the class of each if the folder says it.

    A labels.csv says it: below a first line that names both columns, a line for each
    picture, with its file within the folder and its class; every picture beside those
    that it names must be named. Its classes are counted in the order of their names, or
    of their values if all are whole numbers. Without a labels.csv, the pictures that
    lie in the folder itself are taken, without classes; if there are none, those of the
    folders in it, each of which is a class. What is hidden does not count.

    Args:
        folder: The folder.

    Raises:
        FileNotFoundError: If labels.csv names a picture that is not there.
        ValueError: If there are no pictures, the folder of a class has none, or
            labels.csv is no such table or leaves pictures out.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from diffeo.data.table import Table
        >>> with TemporaryDirectory() as text:
        ...     for name in ("1.png", "2.png"):
        ...         Path(text, name).touch()
        ...     rows = ("2.png", "10"), ("1.png", "9")
        ...     Table(("file", "class"), rows).save(Path(text, "labels.csv"))
        ...     found = pictures_in(Path(text))
        >>> {file.name: label for file, label in found.files.items()}, found.classes
        ({'1.png': '9', '2.png': '10'}, ('9', '10'))
    """

    if (folder / LABELS).is_file():
        return _listed(folder)

    inside = [
        each
        for each in sorted(folder.iterdir())
        if each.is_dir() and not each.name.startswith((".", "__MACOSX"))
    ]

    if any(map(_is_picture, folder.iterdir())) or not inside:
        return PictureFolder(dict.fromkeys(_pictures(folder), ""))

    return PictureFolder(
        {file: each.name for each in inside for file in _pictures(each)},
        tuple(each.name for each in inside),
    )


def _listed(folder: Path) -> PictureFolder:
    path = folder / LABELS
    table = read_table(path)

    if len(table.names) != 2:
        raise ValueError(
            f"{path} must have two columns, of files and of classes, got "
            f"{len(table.names)}: {', '.join(table.names)}"
        )

    file, label = table.names

    if Path(file).suffix.lower() in PICTURES:
        raise ValueError(
            f"{path} must name its columns in its first line, such as file,class, got "
            f"{file},{label}"
        )

    try:
        names, labels = table.cells(file), table.cells(label)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None

    _check_names(names, folder, path)
    known = dict(zip((folder / name for name in names), labels, strict=True))
    files = {each: known[each] for each in sorted(known)}

    return PictureFolder(files, table.kinds(label))


def _check_names(names: Iterable[str], folder: Path, path: Path) -> None:
    """Refuse names of no pictures, names that come twice, and pictures without one."""

    seen: set[Path] = set()

    for name in names:
        file, plain = folder / name, PurePosixPath(name)

        if plain.is_absolute() or ".." in plain.parts or not _is_picture(file):
            raise ValueError(
                f"{path} must name pictures in the folder ({', '.join(PICTURES)}), got "
                f"{name}"
            )

        if not file.is_file():
            raise FileNotFoundError(f"{path} must name files of the folder, got {name}")

        if file in seen:
            raise ValueError(f"{path} must name each picture once, got {name} twice")

        seen.add(file)

    for inside in sorted({file.parent for file in seen}):
        for file in _pictures(inside):
            if file not in seen:
                raise ValueError(
                    f"{path} must name every picture, got "
                    f"{file.relative_to(folder).as_posix()} without a class"
                )


def _pictures(folder: Path) -> list[Path]:
    """Return the picture files of a folder, sorted by name, without hidden ones."""

    files = sorted(filter(_is_picture, folder.iterdir()))

    if not files:
        raise ValueError(
            f"data must hold pictures ({', '.join(PICTURES)}), got {folder} without any"
        )

    return files


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in PICTURES and not file.name.startswith(".")
