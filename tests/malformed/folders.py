"""Folders of pictures that do not make a data set."""

from collections.abc import Callable
from pathlib import Path
from random import Random

from PIL import Image

from malformed.pictures import PICTURES, picture

__all__ = ["ANY_SIZE", "FOLDERS", "LABELLED", "labelled"]


def labelled(random: Random, folder: Path, *, rows: int = 3) -> Path:
    """A folder with a folder of pictures for each of three classes."""

    for name in ("cat", "dog", "owl"):
        _filled(random, folder / name, rows)

    return folder


def _filled(random: Random, folder: Path, rows: int = 2) -> None:
    folder.mkdir(parents=True)

    for row in range(rows):
        (folder / f"{row}.png").write_bytes(picture(random))


def _empty(_: Random, folder: Path) -> None:
    folder.mkdir()


def _other_files(random: Random, folder: Path) -> None:
    folder.mkdir()

    for name in random.sample(("notes.txt", "x.csv", ".a.png", "Thumbs.db", "png"), 2):
        (folder / name).write_bytes(picture(random))


def _a_file(random: Random, folder: Path) -> None:
    folder.write_bytes(picture(random))


def _broken_picture(random: Random, folder: Path) -> None:
    """One of the pictures is none."""

    _filled(random, folder)
    path = random.choice(PICTURES)(random, folder)
    path.rename(folder / f"{random.choice('ab0 z')}{path.suffix}")


def _other_size(random: Random, folder: Path) -> None:
    _filled(random, folder)
    size = random.choice([(4, 12), (12, 4), (13, 12), (1, 1), (300, 2)])
    Image.new("L", size).save(folder / f"{random.choice('a0z')}.png")


def _other_colors(random: Random, folder: Path) -> None:
    _filled(random, folder)
    (folder / f"{random.choice('a0z')}.png").write_bytes(picture(random, channels=3))


def _a_folder_as_picture(random: Random, folder: Path) -> None:
    _filled(random, folder)
    (folder / f"{random.choice('a z')}.png").mkdir()


def _a_link_to_nothing(random: Random, folder: Path) -> None:
    _filled(random, folder)
    (folder / f"{random.choice('az')}.png").symlink_to(folder / "nothing.png")


def _one_class(random: Random, folder: Path) -> None:
    _filled(random, folder / random.choice(("cat", "dog")), 12)


def _empty_class(random: Random, folder: Path) -> None:
    labelled(random, folder)
    (folder / random.choice(("a", "fox", "zebra"))).mkdir()


def _broken_class(random: Random, folder: Path) -> None:
    labelled(random, folder)
    inside = folder / random.choice(("cat", "dog", "owl"))
    path = random.choice(PICTURES)(random, inside)
    path.rename(inside / f"z{path.suffix}")


def _other_size_of_a_class(random: Random, folder: Path) -> None:
    labelled(random, folder)
    _other_size(random, folder / "fox")


def _listed(random: Random, folder: Path) -> list[str]:
    """A folder with a labels.csv; what its lines are."""

    _filled(random, folder, 4)
    names = [path.name for path in sorted(folder.glob("*.png"))]

    return [f"{name},{random.choice(('cat', 'dog'))}" for name in names]


def _write_labels(folder: Path, lines: list[str]) -> None:
    (folder / "labels.csv").write_text("\n".join(["file,class", *lines]))


def _unknown_name(random: Random, folder: Path) -> None:
    """A name in labels.csv is of no picture that is there."""

    lines = _listed(random, folder)
    name = random.choice(("9.png", "no/0.png", "../0.png", "0", "labels.csv"))
    lines.insert(random.randrange(4), f"{name},cat")
    _write_labels(folder, lines)


def _named_twice(random: Random, folder: Path) -> None:
    lines = _listed(random, folder)
    _write_labels(folder, [*lines, random.choice(lines)])


def _not_named(random: Random, folder: Path) -> None:
    lines = _listed(random, folder)
    lines.pop(random.randrange(4))
    _write_labels(folder, lines)


def _empty_cell(random: Random, folder: Path) -> None:
    lines = _listed(random, folder)
    row, part = random.randrange(4), random.randrange(2)
    cells = lines[row].split(",")
    cells[part] = random.choice(("", " ", "?", "NA"))
    lines[row] = ",".join(cells)
    _write_labels(folder, lines)


def _no_labels(random: Random, folder: Path) -> None:
    """labels.csv is no table of two columns."""

    lines = _listed(random, folder)
    text = random.choice(
        ("", "file,class", "\n".join(lines), "file\n0.png", "a,b,c\n1")
    )
    (folder / "labels.csv").write_text(text)


Rule = Callable[[Random, Path], Path]


def _named(rule: Callable[[Random, Path], None]) -> Rule:
    def write(random: Random, folder: Path) -> Path:
        path = folder / "folder"
        rule(random, path)

        return path

    write.__name__ = rule.__name__

    return write


ANY_SIZE = tuple(
    map(
        _named,
        (
            _empty,
            _other_files,
            _broken_picture,
            _other_colors,
            _a_folder_as_picture,
            _a_link_to_nothing,
            _empty_class,
            _broken_class,
            _unknown_name,
            _named_twice,
            _not_named,
            _empty_cell,
            _no_labels,
        ),
    )
)
FOLDERS = *ANY_SIZE, *map(_named, (_other_size, _other_size_of_a_class))
LABELLED = tuple(
    map(
        _named,
        (
            _empty,
            _other_files,
            _a_file,
            _one_class,
            _empty_class,
            _broken_class,
            _unknown_name,
            _named_twice,
            _not_named,
            _empty_cell,
            _no_labels,
            _other_size_of_a_class,
        ),
    )
)
