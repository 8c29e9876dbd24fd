"""Files that are no pictures, or only begin as such."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

__all__ = ["PICTURES", "picture"]

SIDE = 12
SUFFIXES = ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"
FORMATS = "png", "jpeg", "bmp", "gif", "webp", "tiff"
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def picture(random: Random, kind: str = "png", channels: int = 1) -> bytes:
    """A whole picture of noise."""

    levels = np.frombuffer(random.randbytes(SIDE * SIDE * channels), np.uint8)
    image = levels.reshape(SIDE, SIDE, channels).squeeze(-1 if channels == 1 else ())
    content = BytesIO()
    Image.fromarray(image).save(content, kind)

    return content.getvalue()


def _empty(_: Random) -> bytes:
    return b""


def _words(random: Random) -> bytes:
    letters = "abcdefghijklmnopqrstuvwxyz \n"

    return "".join(random.choices(letters, k=random.randint(1, 400))).encode()


def _noise(random: Random) -> bytes:
    return b"\x00" + random.randbytes(random.randint(0, 400))


def _cut(random: Random) -> bytes:
    content = picture(random, random.choice(FORMATS))

    return content[: random.randrange(len(content) // 2)]


def _other_signature(random: Random) -> bytes:
    content = bytearray(picture(random))
    content[random.randrange(8)] ^= 1 << random.randrange(8)

    return bytes(content)


def _other_head(random: Random) -> bytes:
    """A bit of a PNG's head is another, so that its checksum is wrong."""

    content = bytearray(picture(random))
    content[16 + random.randrange(17)] ^= 1 << random.randrange(8)

    return bytes(content)


def _impossible_head(random: Random) -> bytes:
    """A PNG's head with the right checksum says what no PNG is."""

    head = list(struct.unpack(">IIBBBBB", picture(random)[16:29]))
    place, values = random.choice(
        [
            (0, (0, random.randint(2**26, 2**31 - 1))),
            (1, (0, random.randint(2**26, 2**31 - 1))),
            (2, (0, 3, 5, 7, random.randint(17, 255))),
            (3, (1, 5, random.randint(7, 255))),
        ]
    )
    head[place] = random.choice(values)

    return _with_chunk(picture(random), b"IHDR", struct.pack(">IIBBBBB", *head))


def _huge(random: Random) -> bytes:
    """A head alone, of more pixels than any memory has."""

    sides = (random.randint(20_000, 2**31 - 1) for _ in range(2))
    head = struct.pack(">IIBBBBB", *sides, 8, random.choice((0, 2)), 0, 0, 0)

    return _with_chunk(picture(random), b"IHDR", head)


def _without_pixels(random: Random) -> bytes:
    return _with_chunk(picture(random), b"IDAT", b"")


def _other_pixels(random: Random) -> bytes:
    """What a PNG holds in place of compressed pixels is noise."""

    return _with_chunk(picture(random), b"IDAT", b"\x00" + random.randbytes(99))


def _strange_floats(random: Random) -> bytes:
    values = np.array([[random.random() for _ in range(SIDE)] for _ in range(SIDE)])
    worst = random.choice((np.nan, np.inf, -np.inf, -1.0, 2.0, 1e30, 255.0))
    values[random.randrange(SIDE), random.randrange(SIDE)] = worst
    content = BytesIO()
    Image.fromarray(values.astype(np.float32)).save(content, "tiff")

    return content.getvalue()


def _deep_integers(random: Random) -> bytes:
    values = np.full((SIDE, SIDE), random.choice((-5, 70_000, 2**31 - 1)), np.int32)
    content = BytesIO()
    Image.fromarray(values).save(content, "tiff")

    return content.getvalue()


def _with_chunk(content: bytes, name: bytes, body: bytes) -> bytes:
    """Return a PNG with another body of one of its chunks, the checksum right."""

    place = content.index(name)
    (length,) = struct.unpack(">I", content[place - 4 : place])
    check = struct.pack(">I", zlib.crc32(name + body))
    chunk = struct.pack(">I", len(body)) + name + body + check

    return content[: place - 4] + chunk + content[place + 8 + length :]


RULES: tuple[Callable[[Random], bytes], ...] = (
    _empty,
    _words,
    _noise,
    _cut,
    _other_signature,
    _other_head,
    _impossible_head,
    _huge,
    _without_pixels,
    _other_pixels,
    _strange_floats,
    _deep_integers,
)


def _named(rule: Callable[[Random], bytes]) -> Callable[[Random, Path], Path]:
    def write(random: Random, folder: Path) -> Path:
        path = folder / f"picture{random.choice(SUFFIXES)}"
        path.write_bytes(rule(random))

        return path

    write.__name__ = rule.__name__

    return write


PICTURES = tuple(map(_named, RULES))
