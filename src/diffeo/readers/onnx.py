"""Models in ONNX files, converted to PyTorch."""

import ast
import json
from pathlib import Path
from typing import Any

import torch
from torch.fx import GraphModule

from diffeo.extras import require
from diffeo.models.fixed_batch import FixedBatch
from diffeo.readers.known_model import KnownModel

__all__ = ["read_onnx"]

NAMES = "classes", "names", "labels", "id2label"  # among the metadata, as tools write


def read_onnx(path: Path, device: str | torch.device) -> KnownModel:
    """Convert an ONNX file; one of a fixed batch takes any all the same.

    The names of its classes are read from its metadata: a list or a dictionary by
    number, as JSON or Python writes it, by the key "classes", "names", "labels" or
    "id2label".

    Args:
        path: A .onnx file.
        device: Where to put the model.

    Raises:
        ModuleNotFoundError: If the packages that convert are not installed.
        ValueError: If it is no such file, of several inputs or outputs, or has
            operators that cannot be converted.

    Example:
        >>> read_onnx(Path("net.onnx"), "cpu")  # doctest: +SKIP
    """

    require("onnx", "onnx2fx", extra="onnx")
    import onnx
    import onnx2fx

    try:
        graph = onnx.load(path)
        converted: GraphModule = onnx2fx.convert(graph, base_dir=str(path.parent))
    except Exception as error:  # of the file, of protobuf or of any operator
        raise ValueError(
            f"{path.name} must be an ONNX file that onnx2fx can convert, got: "
            f"{type(error).__name__}: {' '.join(str(error).split()):.200}"
        ) from error

    weights = {each.name for each in graph.graph.initializer}
    inputs = [each for each in graph.graph.input if each.name not in weights]

    if len(inputs) != 1 or len(graph.graph.output) != 1:
        raise ValueError(
            f"{path.name} must have one input, the batch, and one output, got "
            f"{len(inputs)} and {len(graph.graph.output)}"
        )

    model = converted.eval().to(device)
    size = inputs[0].type.tensor_type.shape.dim[0].dim_value  # 0 if it varies

    return KnownModel(
        FixedBatch(model, size) if size else model,
        _names({each.key: each.value for each in graph.metadata_props}),
    )


def _names(metadata: dict[str, str]) -> tuple[str, ...]:
    text = next((metadata[key] for key in NAMES if key in metadata), "")

    for read in (json.loads, ast.literal_eval):
        try:
            found: Any = read(text)
        except (ValueError, SyntaxError):
            continue

        if isinstance(found, dict):
            found = [found[key] for key in sorted(found, key=int)]

        return tuple(map(str, found))

    return ()
