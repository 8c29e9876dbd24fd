"""Trained models kept on disk under what they were trained on."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from diffeo.files import write_atomically

__all__ = ["Cache", "content_key"]


@dataclass(frozen=True)
class Cache:
    """A folder of weights, each file named by the content that it came from.

    Args:
        folder: Folder of the files; made when it is first written to.

    Example:
        >>> Cache(Path("weights")).folder.name
        'weights'
    """

    folder: Path

    @classmethod
    def usual(cls) -> "Cache":
        """Return the folder DIFFEO_CACHE, or ~/.cache/diffeo if that is not set."""

        usual = Path.home() / ".cache" / "diffeo"

        return cls(Path(os.environ.get("DIFFEO_CACHE") or usual))

    def trained(
        self,
        model: nn.Module,
        train: Callable[[nn.Module], None],
        *,
        data: Sequence[Tensor],
        settings: Mapping[str, Any],
    ) -> nn.Module:
        """Return a model in evaluation mode with weights from the folder or a training.

        A file is written whole or not at all; one that cannot be read is replaced.

        Args:
            model: The model with its first weights.
            train: Trains the model in place.
            data: All tensors that it is trained on.
            settings: All else that its weights depend on, by name, as JSON can hold it.
        """

        path = self.folder / f"{content_key(data, settings)}.safetensors"

        if not _load(model, path):
            train(model)
            weights = {k: value.contiguous() for k, value in model.state_dict().items()}
            write_atomically(path, lambda draft: save_file(weights, draft))

        return model.eval().requires_grad_(requires_grad=False)


def content_key(data: Sequence[Tensor], settings: Mapping[str, Any]) -> str:
    """Return a name that differs wherever data or settings do.

    Args:
        data: Tensors, of which type, shape and every number count.
        settings: Names and values, as JSON can hold them; their order does not count.

    Example:
        >>> import torch
        >>> x = torch.zeros(2)
        >>> content_key([x], {"rate": 0.1}) == content_key([x], {"rate": 0.2})
        False
    """

    digest = hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode())

    for tensor in data:
        digest.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())

    return digest.hexdigest()[:32]


def _load(model: nn.Module, path: Path) -> bool:
    try:
        model.load_state_dict(load_file(path))
    except (FileNotFoundError, SafetensorError, RuntimeError):
        return False

    return True
