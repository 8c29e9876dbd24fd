"""Image classifiers of the timm library, by name or folder."""

from pathlib import Path

import torch

from diffeo.extras import require
from diffeo.models.model_input import ModelInput
from diffeo.readers.known_model import KnownModel, square_side

__all__ = ["read_timm"]


def read_timm(name: str, device: str | torch.device) -> KnownModel:
    """Return a trained model of timm, with the input and the classes that it knows.

    The whole image is resized to the model's input; nothing is cropped.

    Args:
        name: A folder with a config.json and weights, as timm writes it, or a name,
            whose weights timm looks for among those that it has downloaded, then in
            the network.
        device: Where to put the model.

    Raises:
        ModuleNotFoundError: If timm is not installed.
        ValueError: If timm cannot be imported, or knows no such model or weights.

    Example:
        >>> read_timm("resnet18.a1_in1k", "cpu")  # doctest: +SKIP
    """

    require("timm", "torchvision", extra="timm")

    try:
        import timm
    except RuntimeError as error:  # operators that torchvision's build lacks
        raise ValueError(
            "timm needs a torchvision built for the PyTorch that is installed, such "
            "as both from the same index; importing it failed with "
            f"{str(error).splitlines()[0]}"
        ) from error

    known = f"local-dir:{name}" if Path(name).is_dir() else name

    try:
        model = timm.create_model(known, pretrained=True)
    except (RuntimeError, OSError) as error:
        raise ValueError(
            f"timm:NAME must be a model whose weights are here or can be downloaded, "
            f"got {name}: {str(error).splitlines()[0]:.200}"
        ) from error

    asked = timm.data.resolve_model_data_config(model)
    _, height, width = asked["input_size"]

    return KnownModel(
        model.eval().to(device),
        tuple(map(str, model.pretrained_cfg.get("label_names") or ())),
        ModelInput(
            square_side(name, height, width), tuple(asked["mean"]), tuple(asked["std"])
        ),
    )
