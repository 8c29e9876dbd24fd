"""NumPy and IDX files that hold no images."""

import gzip
import json
import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["ARRAYS"]

SHAPE = 3, 1, 4, 4
Array = npt.NDArray[Any]


def _good(random: Random, shape: tuple[int, ...] = SHAPE) -> Array:
    return np.random.default_rng(random.getrandbits(32)).random(shape, np.float32)


def _stored(values: Array, *, pickled: bool = False) -> bytes:
    content = BytesIO()
    np.save(content, values, allow_pickle=pickled)

    return content.getvalue()


def _strange_value(random: Random) -> bytes:
    values = _good(random).astype(random.choice((np.float32, np.float64)))
    worst = random.choice((np.nan, np.inf, -np.inf, -0.1, 1.1, 255, -1e30, 1e30))
    values.flat[random.randrange(values.size)] = worst

    return _stored(values)


def _signed(random: Random) -> bytes:
    kind = random.choice((np.int8, np.int16, np.int32, np.int64, np.uint32, np.uint64))
    values = np.full(SHAPE, random.choice((2, 100, 127)), kind)

    return _stored(values)


def _other_axes(random: Random) -> bytes:
    shapes = [(), (16,), (4, 4), (1, *SHAPE), (1, 1, *SHAPE), (2,) * 8]

    return _stored(_good(random, random.choice(shapes)))


def _nothing(random: Random) -> bytes:
    shape = list(SHAPE if random.random() < 0.7 else SHAPE[1:])
    shape[random.randrange(len(shape))] = 0

    return _stored(_good(random, tuple(shape)))


def _colors_last(random: Random) -> bytes:
    side = random.randint(5, 9)

    return _stored(_good(random, (2, side, side, random.choice((1, 3, 4)))))


def _no_numbers(random: Random) -> bytes:
    values = random.choice(
        [
            np.full(SHAPE, "a"),
            np.full(SHAPE, b"a"),
            np.full(SHAPE, 1j),
            np.zeros(SHAPE, "datetime64[s]"),
            np.zeros(SHAPE, "timedelta64[s]"),
            np.zeros(SHAPE, [("r", "u1"), ("g", "u1")]),
            np.zeros(SHAPE, "V4"),
        ]
    )

    return _stored(values)


def _pickled(random: Random) -> bytes:
    values = np.empty(SHAPE, object)
    values[...] = random.choice(("a", None, 0.5))

    return _stored(values, pickled=True)


def _cut(random: Random) -> bytes:
    content = _stored(_good(random))

    return content[: random.randrange(len(content))]


def _other_magic(random: Random) -> bytes:
    content = bytearray(_stored(_good(random)))
    content[random.randrange(6)] ^= 1 << random.randrange(8)

    return bytes(content)


def _other_head(random: Random) -> bytes:
    """The head of a NumPy file says what no array is, or what the file is not."""

    head: dict[str, Any] = {"descr": "<f4", "fortran_order": False, "shape": SHAPE}
    flaws: list[tuple[str, object]] = [
        ("descr", random.choice(("<f9", "zz", "", "|O", 5, None, [], ("<f4",)))),
        ("fortran_order", random.choice((3, "no", None))),
        ("shape", random.choice(((3, 1, 4, 5), (-1,), "4", None, (1.5,)))),
        ("shape", (random.randint(2**30, 2**60), 1, 4, 4)),
        ("shape", (2 ** random.randint(60, 200), 2, 2)),
    ]
    name, value = random.choice(flaws)
    text = random.choice(
        [
            repr({**head, name: value}),
            repr({key: head[key] for key in head if key != name}),
            repr({**head, "more": 1}),
            repr(head)[: random.randrange(1, 40)],
            "__import__('os')",
            "(" * 500,
        ]
    )

    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def _several(random: Random) -> bytes:
    content = BytesIO()
    np.savez(content, x=_good(random))

    return content.getvalue()


def _words(random: Random) -> bytes:
    return random.choice((b"", b"0.5 0.5", json.dumps([[0.5]]).encode(), b"\x80\x04N."))


def _idx(random: Random) -> bytes:
    """An IDX file that lacks bytes, has too many, or tells strange sides."""

    sides = random.choice([(3, 4, 4), (3, 0, 4), (48,), (6, 8), (1, 3, 4, 4, 1)])
    head = bytes((0, 0, 8, len(sides))) + struct.pack(f">{len(sides)}I", *sides)
    content = head + random.randbytes(48)
    flawed = random.choice(
        [
            content[: random.randrange(3, len(content))],
            content + random.randbytes(random.randint(1, 9)),
            b"\x00\x00\x08" + bytes((random.randint(5, 255),)) + content[4:],
            head[:4] + random.randbytes(4 * len(sides)) + content[len(head) :],
            b"\x00\x00" + bytes((random.randint(9, 14),)) + content[3:],
        ]
    )

    return random.choice((flawed, gzip.compress(flawed)))


def _broken_gzip(random: Random) -> bytes:
    content = bytearray(gzip.compress(b"\x00\x00\x08\x03" + random.randbytes(60)))

    if random.random() < 0.5:
        return bytes(content[: random.randrange(2, len(content) - 1)])

    content[-1 - random.randrange(8)] ^= 1 << random.randrange(8)

    return bytes(content)


def _npy(rule: Callable[[Random], bytes]) -> Callable[[Random, Path], Path]:
    return _named(rule, ".npy", ".NPY")


def _named(
    rule: Callable[[Random], bytes], *suffixes: str
) -> Callable[[Random, Path], Path]:
    def write(random: Random, folder: Path) -> Path:
        path = folder / f"images{random.choice(suffixes)}"
        path.write_bytes(rule(random))

        return path

    write.__name__ = rule.__name__

    return write


ARRAYS = (
    *map(
        _npy,
        (
            _strange_value,
            _signed,
            _other_axes,
            _nothing,
            _colors_last,
            _no_numbers,
            _pickled,
            _cut,
            _other_magic,
            _other_head,
            _several,
            _words,
        ),
    ),
    _named(_idx, "", "-idx3-ubyte", ".gz"),
    _named(_broken_gzip, ".gz", "", ".idx"),
    _named(_words, "", ".txt", ".pt", ".npz", ".gz", ".csv.png.txt"),
)
