"""What is asked of a search, so that the same can be known again."""

import hashlib
import json
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from diffeo.data.images import ImageFiles
from diffeo.models.model_input import ModelInput
from diffeo.settings import describe
from diffeo.workflows.explain.options import ExplainOptions

__all__ = ["digest", "named", "optional_settings", "request_of"]


def request_of(images: ImageFiles, options: ExplainOptions) -> dict[str, object]:
    """Return all that the results of a search depend on, as JSON holds it.

    Args:
        images: Images in [0, 1] or rows of a table, and their names.
        options: What is to be explained, and how.

    Example:
        >>> from torch import nn
        >>> from diffeo import Adam, Run, TargetClass
        >>> from diffeo.workflows.loading import find_images
        >>> how = nn.Identity(), TargetClass(9), Adam(0.01), Run(steps=2)
        >>> options = ExplainOptions("digits", "mnist-cnn", "data", *how)
        >>> request_of(find_images("digits", limit=1), options)["model"]
        {'name': 'mnist-cnn', 'digest': ''}
    """

    pixels = images.images.cpu().contiguous().numpy()
    names = json.dumps(images.names).encode()
    run = describe(replace(options.run, progress=False))
    request: dict[str, object] = {
        "version": metadata.version("diffeo"),
        "data": {
            "name": options.data,
            "shape": pixels.shape,
            "digest": digest(pixels.tobytes() + names),
        },
        "model": named(options.model),
        "agree": [named(text) for text in options.agree],
        "coordinates": named(options.coordinates),
        "objective": describe(options.objective),
        "ascent": describe(options.ascent),
        **{name: value for name, value in run.items() if name != "name"},
        "classes": options.classes,
        "device": options.device,
        **optional_settings(options),
    }
    plain: dict[str, object] = json.loads(json.dumps(request))

    return plain


def optional_settings(options: ExplainOptions) -> dict[str, object]:
    """Return what is said of a search only if it is asked for, by name.

    Args:
        options: What is to be explained, and how.

    Example:
        >>> from torch import nn
        >>> from diffeo import Adam, Run, TargetClass
        >>> how = nn.Identity(), TargetClass(9), Adam(0.01), Run()
        >>> options = ExplainOptions("digits", "mnist-cnn", "data", *how, several=4)
        >>> optional_settings(options)
        {'several': 4}
    """

    limits, plain = options.limits, options.model_input == ModelInput()
    found = {
        "inversion": options.inversion,
        "mask": options.mask,
        "residual": options.residual,
        "model_input": None if plain else describe(options.model_input),
        "limits": describe(limits) if limits else None,
        "several": options.several if options.several > 1 else None,
        "held": named(options.held) if options.held else None,
    }

    return {name: value for name, value in found.items() if value}


def named(text: str) -> dict[str, str]:
    """Return the name of a model and, if it comes from a file, what is in the file.

    Args:
        text: As the user named it.

    Example:
        >>> named("mnist-cnn")
        {'name': 'mnist-cnn', 'digest': ''}
    """

    path, _, _ = text.rpartition(":")
    file = Path(path if path.endswith(".py") else text)

    return {
        "name": text,
        "digest": digest(file.read_bytes()) if file.is_file() else "",
    }


def digest(content: bytes) -> str:
    """Return a short text that differs wherever contents do.

    Example:
        >>> digest(b"")
        'e3b0c44298fc1c14'
    """

    return hashlib.sha256(content).hexdigest()[:16]
