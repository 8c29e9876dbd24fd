"""Image classifiers of the transformers library, by name or folder."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from diffeo.extras import require
from diffeo.models.model_input import ModelInput
from diffeo.readers.known_model import KnownModel, square_side
from diffeo.shapes import Images, Outputs

__all__ = ["read_transformers"]

UNNAMED = "LABEL_"  # how classes without names are called, before their number


def read_transformers(name: str, device: str | torch.device) -> KnownModel:
    """Return a trained image classifier, with the input and the classes that it knows.

    The whole image is resized to the model's input; nothing is cropped.

    Args:
        name: A folder with config.json and model.safetensors, and perhaps
            preprocessor_config.json; or a name, whose weights are looked for among
            those that were downloaded, then in the network.
        device: Where to put the model.

    Raises:
        ModuleNotFoundError: If transformers is not installed.
        ValueError: If there is no such classifier.

    Example:
        >>> read_transformers("google/vit-base-patch16-224", "cpu")  # doctest: +SKIP
    """

    require("transformers", extra="transformers")
    from transformers import AutoModelForImageClassification
    from transformers.image_processing_utils import ImageProcessingMixin

    try:
        model = AutoModelForImageClassification.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise ValueError(
            "transformers:NAME must be an image classifier, in a folder or by a name "
            f"whose weights can be found, got {name}: {str(error).splitlines()[0]:.200}"
        ) from error

    try:
        asked, _ = ImageProcessingMixin.get_image_processor_dict(name)
    except OSError:  # a model without a word on its images
        asked = {}

    labels = model.config.id2label
    classes = tuple(str(labels[number]) for number in sorted(labels))
    named = not all(label.startswith(UNNAMED) for label in classes)

    return KnownModel(
        _Logits(model.float()).eval().to(device),
        classes if named else (),
        _input(name, asked, vars(model.config).get("image_size")),
    )


class _Logits(nn.Module):
    """Return the logits alone."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Images) -> Outputs:
        logits: Tensor = self.model(pixel_values=x).logits

        return logits


def _input(name: str, asked: Mapping[str, Any], usual: object) -> ModelInput:
    """Return what a processor of images does, or what a model says without one."""

    cropped = asked.get("crop_size") if asked.get("do_center_crop") else None
    size = cropped or asked.get("size") or usual
    normal = asked if asked.get("do_normalize") else {}
    sides = size.values() if isinstance(size, Mapping) else [size]
    mean, std = normal.get("image_mean"), normal.get("image_std")

    return ModelInput(
        square_side(name, min(sides), max(sides)) if size else None,
        tuple(mean) if mean else None,
        tuple(std) if std else None,
    )
