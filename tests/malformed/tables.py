"""CSV files that are no tables, or not those of the flow."""

from collections.abc import Callable
from pathlib import Path
from random import Random

__all__ = ["CELLS", "FEW", "FILES", "FITTED_CELLS", "table"]

NAMES = "age", "wage", "color"
COLORS = "blue", "green", "red"
NO_NUMBERS = (
    *("inf", "-inf", "-nan", "+nan", "1e400", "-1e39", "1e-9999999999999999999"),
    *("old", "12,5", "1 000", "0x10", "--1", "1e", "1__0", "$5", "1.2.3"),
    *("\u0663x", "\u00bd", "\x00", "3\x00"),
)
Cells = list[list[str]]


def table(random: Random, rows: int = 12) -> Cells:
    """The cells of a table of two columns of numbers and one of categories."""

    return [
        list(NAMES),
        *(
            [
                str(random.randint(18, 90)),
                f"{random.gauss(20, 5):.2f}",
                COLORS[row % len(COLORS)],
            ]
            for row in range(rows)
        ),
    ]


def _ragged(random: Random, cells: Cells) -> Cells:
    row = random.choice(cells[1:])

    if random.random() < 0.5:
        row.pop(random.randrange(len(row)))
    else:
        row.insert(random.randrange(len(row)), "7")

    return cells


def _head_alone(_: Random, cells: Cells) -> Cells:
    return cells[:1]


def _names_alike(random: Random, cells: Cells) -> Cells:
    names, other = random.sample(range(len(NAMES)), 2)
    cells[0][names] = random.choice((cells[0][other], f" {cells[0][other]} "))

    return cells


def _nameless(random: Random, cells: Cells) -> Cells:
    cells[0][random.randrange(len(NAMES))] = random.choice(("", " ", "\t"))

    return cells


def _missing(random: Random, cells: Cells) -> Cells:
    """A cell is empty, or says that it is missing."""

    row = random.choice(cells[1:])
    marks = "", " ", "?", "NA", "n/a", "nan", "NaN", "NULL", "null"
    row[random.randrange(len(row))] = random.choice(marks)

    return cells


def _no_number(random: Random, cells: Cells) -> Cells:
    """A cell of a column of numbers is none, or none that a float holds."""

    random.choice(cells[1:])[random.randrange(2)] = random.choice(NO_NUMBERS)

    return cells


def _unknown_category(random: Random, cells: Cells) -> Cells:
    strange = "Red", "re d", "purple", "0", "red\x00", "rëd", "r" * 300
    random.choice(cells[1:])[2] = random.choice(strange)

    return cells


def _column_lost(random: Random, cells: Cells) -> Cells:
    lost = random.randrange(len(NAMES))

    return [[cell for at, cell in enumerate(row) if at != lost] for row in cells]


def _column_renamed(random: Random, cells: Cells) -> Cells:
    place = random.randrange(len(NAMES))
    cells[0][place] = random.choice((cells[0][place].upper(), "other", "x" * 99))

    return cells


def _few(random: Random, cells: Cells) -> Cells:
    return cells[: random.randint(2, 10)]


def _many_categories(random: Random, cells: Cells) -> Cells:
    """A column of texts that are all different."""

    place = random.randrange(len(NAMES))
    rows = [row[:] for row in cells[1:] for _ in range(6)]

    for number, row in enumerate(rows):
        row[place] = f"no {number}"

    return [cells[0], *rows]


def _text(random: Random, cells: Cells) -> str:
    mark = random.choice(",;\t")

    return "\n".join(mark.join(f'"{cell}"' for cell in row) for row in cells) + "\n"


def _of_cells(
    rule: Callable[[Random, Cells], Cells],
) -> Callable[[Random], bytes]:
    def write(random: Random) -> bytes:
        return _text(random, rule(random, table(random))).encode()

    write.__name__ = rule.__name__

    return write


def _empty(random: Random) -> bytes:
    return random.choice(
        (b"", b"\n", b"\n\n\n", b"\xef\xbb\xbf", b"\r\n", b"\xef\xbb\xbf\n")
    )


def _other_encoding(random: Random) -> bytes:
    cells = table(random)
    cells[random.randrange(len(cells))][2] = "größe"

    return _text(random, cells).encode(random.choice(("latin-1", "utf-16", "utf-32")))


def _noise(random: Random) -> bytes:
    return b"\xff" + random.randbytes(random.randint(1, 300))


def _huge_cell(random: Random) -> bytes:
    """A quote that is never closed, before more than a cell may hold."""

    return b'age,"wage' + b"x" * random.randint(131_073, 140_000)


def _cut_inside(random: Random) -> bytes:
    """A file that ends within a row."""

    lines = _text(random, table(random)).splitlines()
    last = lines[-1].split('"')[1]

    return "\n".join([*lines[: random.randint(2, len(lines) - 1)], last]).encode()


def _named(rule: Callable[[Random], bytes]) -> Callable[[Random, Path], Path]:
    def write(random: Random, folder: Path) -> Path:
        path = folder / f"table{random.choice(('.csv', '.tsv', '.CSV'))}"
        path.write_bytes(rule(random))

        return path

    write.__name__ = rule.__name__

    return write


FILES = tuple(
    map(
        _named,
        (
            *map(_of_cells, (_ragged, _head_alone, _names_alike, _nameless)),
            _empty,
            _other_encoding,
            _noise,
            _huge_cell,
            _cut_inside,
        ),
    )
)
CELLS = tuple(
    _named(_of_cells(rule))
    for rule in (
        _missing,
        _no_number,
        _unknown_category,
        _column_lost,
        _column_renamed,
    )
)
FITTED_CELLS = tuple(_named(_of_cells(rule)) for rule in (_missing, _many_categories))
FEW = (_named(_of_cells(_few)),)
