"""Files of tensors, of which bytes, the head, or the tensors are others."""

import json
import struct
from collections.abc import Callable
from random import Random
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

__all__ = ["CARDS", "RECORDS", "Bytes", "Parts", "changed"]

Bytes = Callable[[Random, bytes], bytes]
JSON_VALUES: tuple[object, ...] = (
    None, True, 0, -1, 1.5, 10**30, "", "text", [], [1], {}, {"a": 1}, [[]], "nan",
)  # fmt: skip
BROKEN = "", "{", "}", "[1", "{'a': 1}", '{"a": 1,}', "nul", "\x00", "[" * 100_000
NO_OBJECT = "null", "[]", "[1]", "3", '"text"', "true", "NaN", "-Infinity"


class Parts:
    """What a safetensors file consists of: its head's metadata, and its tensors."""

    def __init__(self, content: bytes) -> None:
        (length,) = struct.unpack("<Q", content[:8])
        head = json.loads(content[8 : 8 + length])
        self.metadata: dict[str, str] = head["__metadata__"]
        self.tensors: dict[str, Tensor] = load(content)

    def content(self) -> bytes:
        """Return the file's bytes."""

        tensors = {name: x.contiguous() for name, x in self.tensors.items()}

        return save(tensors, self.metadata)


def changed(
    rule: Callable[[Random, Parts], object],
) -> Bytes:
    """A rule of bytes from one of parts."""

    def write(random: Random, content: bytes) -> bytes:
        parts = Parts(content)
        rule(random, parts)

        return parts.content()

    write.__name__ = rule.__name__

    return write


def _empty(random: Random, _: bytes) -> bytes:
    return bytes(random.randrange(9))


def _words(random: Random, _: bytes) -> bytes:
    return b"".join(random.choices((b"not ", b"a ", b"record ", b"of "), k=20))


def _noise(random: Random, _: bytes) -> bytes:
    return random.randbytes(random.randint(8, 500))


def _cut(random: Random, content: bytes) -> bytes:
    return content[: random.randrange(len(content))]


def _longer(random: Random, content: bytes) -> bytes:
    return content + random.randbytes(random.randint(1, 99))


def _other_length(random: Random, content: bytes) -> bytes:
    """The length of the head is another."""

    place = random.randrange(64)
    flipped = struct.unpack("<Q", content[:8])[0] ^ 1 << place

    return struct.pack("<Q", flipped) + content[8:]


def _no_text(random: Random, content: bytes) -> bytes:
    """A byte of the head belongs to no text."""

    (length,) = struct.unpack("<Q", content[:8])
    place = 8 + random.randrange(length)

    return content[:place] + bytes((random.randint(0xC0, 0xFF),)) + content[place + 1 :]


def _other_entry(random: Random, content: bytes) -> bytes:
    """What the head says of a tensor does not fit the file."""

    (length,) = struct.unpack("<Q", content[:8])
    head: dict[str, Any] = json.loads(content[8 : 8 + length])
    name = random.choice([name for name in head if name != "__metadata__"])
    start, end = head[name]["data_offsets"]
    field, value = random.choice(
        [
            ("dtype", random.choice(("F33", "", 7, None, "float32", []))),
            ("shape", random.choice((None, "3", [-1], [2**40], [1.5], {"a": 1}))),
            ("shape", [*head[name]["shape"], 7]),
            ("data_offsets", [end + 1, start]),
            ("data_offsets", [start, end + 4]),
            (
                "data_offsets",
                random.choice((None, [], [0], [-4, 0], "all", [0, 2**60])),
            ),
        ]
    )
    head[name][field] = value

    if random.random() < 0.3:
        del head[name][field]

    text = json.dumps(head).encode()

    return struct.pack("<Q", len(text)) + text + content[8 + length :]


def _metadata_of_numbers(random: Random, content: bytes) -> bytes:
    (length,) = struct.unpack("<Q", content[:8])
    head = json.loads(content[8 : 8 + length])
    value = random.choice((3, None, ["a"], {"a": 1}, True))
    name = random.choice(list(head["__metadata__"]))
    head["__metadata__"] = random.choice(
        (value if value is not None else 3, {**head["__metadata__"], name: value})
    )
    text = json.dumps(head).encode()

    return struct.pack("<Q", len(text)) + text + content[8 + length :]


def _lacks_entry(random: Random, parts: Parts) -> None:
    needed = set(parts.metadata) - {"accelerator", "time", "verdict", "version"}
    del parts.metadata[random.choice(sorted(needed))]


def _without_metadata(_: Random, parts: Parts) -> None:
    parts.metadata = {}


def _other_format(random: Random, parts: Parts) -> None:
    name = random.choice(("format", "version"))
    parts.metadata[name] = random.choice(
        ("", "0", "99", "pt", "-1", "1.0", "2.0", "None")
    )


def _broken_json(random: Random, parts: Parts) -> None:
    having = [
        name for name in ("settings", "names", "figures") if name in parts.metadata
    ]
    parts.metadata[random.choice(having)] = random.choice(BROKEN)


def _no_object(random: Random, parts: Parts) -> None:
    parts.metadata["settings"] = random.choice(NO_OBJECT)


def _lost(random: Random, parts: Parts) -> None:
    """A tensor is not there, or called otherwise."""

    needed = [name for name in parts.tensors if not name.startswith("statement_")]
    name = random.choice(sorted(needed))
    tensor = parts.tensors.pop(name)

    if random.random() < 0.5:
        parts.tensors[f"{name}_"] = tensor


def _all_lost(_: Random, parts: Parts) -> None:
    parts.tensors = {}


def _other_shape(random: Random, parts: Parts) -> None:
    name = random.choice(sorted(parts.tensors))
    tensor = parts.tensors[name]
    parts.tensors[name] = random.choice(
        [
            torch.stack([tensor] * 2),
            torch.cat([tensor.reshape(-1)] * 3),
            tensor.reshape(-1)[:0],
            tensor[None, None],
        ]
    )


BYTES: tuple[Bytes, ...] = (
    _empty,
    _words,
    _noise,
    _cut,
    _longer,
    _other_length,
    _no_text,
    _other_entry,
    _metadata_of_numbers,
    *map(
        changed,
        (
            _lacks_entry,
            _without_metadata,
            _other_format,
            _broken_json,
            _no_object,
            _lost,
            _all_lost,
            _other_shape,
        ),
    ),
)


def _row_lost(random: Random, parts: Parts) -> None:
    """A tensor of a record lacks its last row."""

    names = [name for name in sorted(parts.tensors) if not name.startswith("path_")]
    name = random.choice(names)
    parts.tensors[name] = parts.tensors[name][:-1]


def _all_rows_lost(_: Random, parts: Parts) -> None:
    parts.tensors = {name: tensor[:0] for name, tensor in parts.tensors.items()}


def _other_kind(random: Random, parts: Parts) -> None:
    """A tensor of numbers is of integers, or the other way."""

    names = [name for name in sorted(parts.tensors) if not name.startswith("path_")]
    name = random.choice(names)
    tensor = parts.tensors[name]
    whole = not tensor.is_floating_point()
    parts.tensors[name] = tensor.double() if whole else tensor.long()


def _names_unlike_rows(random: Random, parts: Parts) -> None:
    rows = len(parts.tensors["factual"])
    names = random.choice((["a"] * (rows + 1), ["a"], {"a": 1}, "text", 3, None))
    parts.metadata["names"] = json.dumps(names)


def _strange_batch(random: Random, parts: Parts) -> None:
    parts.metadata["batch_size"] = random.choice(
        ("", "many", "1.5", "0x3", "None", "[]")
    )


def _far_class(random: Random, parts: Parts) -> None:
    target = parts.tensors["target"]
    target[random.randrange(len(target))] = random.choice((3, -4, 1e9, 50))


def _unknown_code(random: Random, parts: Parts) -> None:
    """A row's outcome, or whether it is typical, is a number without a meaning."""

    codes = parts.tensors[random.choice(("outcome", "typical"))]
    codes[random.randrange(len(codes))] = random.choice((-2, 6, 99, 2**40))


def _other_images(random: Random, parts: Parts) -> None:
    name = random.choice(("reconstruction", "counterfactual", "factual"))
    parts.tensors[name] = parts.tensors[name][..., 1:]


def _other_outputs(random: Random, parts: Parts) -> None:
    name = random.choice(("outputs_before", "outputs_after"))
    parts.tensors[name] = parts.tensors[name][:, :1]


def _broken_path(random: Random, parts: Parts) -> None:
    name = random.choice([name for name in sorted(parts.tensors) if "path_" in name])
    tensor = parts.tensors[name]
    parts.tensors[name] = random.choice(
        [tensor[:-1], torch.cat((tensor, tensor[:1])), tensor[:0]]
    )


def _broken_points(random: Random, parts: Parts) -> None:
    points = parts.tensors["path_points"]
    points[random.randrange(len(points))] = random.choice((-1, 10**6, 2**40))


def _strange_objective(random: Random, parts: Parts) -> None:
    """A record of a class tells no confidence that is one."""

    settings = json.loads(parts.metadata["settings"])
    values: tuple[object, ...] = (
        "high",
        None,
        [],
        {},
        0,
        1,
        1.5,
        -0.5,
        float("nan"),
        [0.9],
        10**30,
    )
    settings["objective"]["confidence"] = random.choice(values)
    parts.metadata["settings"] = json.dumps(settings)


def _strange_mask(random: Random, parts: Parts) -> None:
    """A record says that it is of a mask, which is none of its images."""

    rows = ["." * random.randint(5, 99)] * random.randint(5, 99)
    masks: tuple[object, ...] = (
        {"rows": ["...."] * 4},
        *({"name": "", "rows": given} for given in (rows, [], ["##", "#"], 3)),
        [],
        None,
    )
    settings = json.loads(parts.metadata["settings"]) | {"mask": random.choice(masks)}
    parts.metadata["settings"] = json.dumps(settings)


RECORDS = (
    *BYTES,
    *map(
        changed,
        (
            _row_lost,
            _all_rows_lost,
            _other_kind,
            _names_unlike_rows,
            _strange_batch,
            _far_class,
            _unknown_code,
            _other_images,
            _other_outputs,
            _broken_path,
            _broken_points,
            _strange_objective,
            _strange_mask,
        ),
    ),
)


def _unknown_recipe(random: Random, parts: Parts) -> None:
    parts.metadata["recipe"] = random.choice(("", "GLOW", "none", "perceptron", "cnn"))


def _strange_setting(random: Random, parts: Parts) -> None:
    """One of the recipe's settings is of another kind."""

    settings = json.loads(parts.metadata["settings"])
    name = random.choice(sorted(set(settings) - {"seed"}))
    old = settings[name]
    others = [
        value
        for value in JSON_VALUES
        if type(value) is not type(old) and value not in (old, "", [], {})
    ]
    settings[name] = random.choice(others)
    parts.metadata["settings"] = json.dumps(settings)


def _other_settings(random: Random, parts: Parts) -> None:
    settings = json.loads(parts.metadata["settings"])
    needed = sorted({"shape", "levels", "classes", "columns", "order"} & set(settings))

    if random.random() < 0.5:
        del settings[random.choice(needed)]
    else:
        settings[random.choice(("zzz", "Shape", ""))] = random.choice(JSON_VALUES)

    parts.metadata["settings"] = json.dumps(settings)


def _strange_figures(random: Random, parts: Parts) -> None:
    value: object = random.choice(("many", None, [], {}, [1.0]))
    parts.metadata["figures"] = json.dumps(random.choice(({"bits": value}, [value], 3)))


def _not_finite(random: Random, parts: Parts) -> None:
    """A weight is NaN."""

    names = sorted(name for name, x in parts.tensors.items() if x.is_floating_point())
    tensor = parts.tensors[random.choice(names)]
    tensor.view(-1)[random.randrange(tensor.numel())] = torch.nan


def _other_type(random: Random, parts: Parts) -> None:
    names = sorted(name for name, x in parts.tensors.items() if x.is_floating_point())
    name = random.choice(names)
    kinds = torch.int32, torch.bool, torch.uint8, torch.int64
    parts.tensors[name] = torch.zeros_like(
        parts.tensors[name], dtype=random.choice(kinds)
    )


CARDS = (
    *BYTES,
    *map(
        changed,
        (
            _unknown_recipe,
            _strange_setting,
            _other_settings,
            _strange_figures,
            _not_finite,
            _other_type,
        ),
    ),
)
