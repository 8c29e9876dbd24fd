"""Images, models, coordinates and devices by what a user types."""

import math
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from diffeo import zoo
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.masked import Masked
from diffeo.coordinates.protocol import Coordinates
from diffeo.data.images import ImageFiles, read_images
from diffeo.data.labelled import LabelledImages, read_labelled_images
from diffeo.data.masks import mask_of
from diffeo.data.mnist import sample_digits
from diffeo.models.preprocessed import Preprocessed
from diffeo.user_code import call_function
from diffeo.workflows.generators import How, inverted

__all__ = [
    "ModelInput",
    "find_coordinates",
    "find_device",
    "find_images",
    "find_labelled",
    "find_model",
    "read_classes",
]

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # mean and deviation


@dataclass(frozen=True)
class ModelInput:
    """How images of a generator become inputs of a model; see `Preprocessed`.

    Args:
        size: Side of the squares that the model takes, in pixels.
        mean: What is subtracted from each channel.
        std: What each channel is divided by.
        outputs: Whether it returns "logits" (or log-probabilities, or values) or
            "probabilities".

    Example:
        >>> ModelInput.of(224, "imagenet", "imagenet").mean
        (0.485, 0.456, 0.406)
    """

    size: int | None = None
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    outputs: Literal["logits", "probabilities"] = "logits"

    @classmethod
    def of(
        cls,
        size: int | None,
        mean: str | None,
        std: str | None,
        outputs: Literal["logits", "probabilities"] = "logits",
    ) -> "ModelInput | None":
        """Return what options say; None if they say nothing.

        Args:
            size: Side in pixels; None if not given.
            mean: Numbers with commas between them, or "imagenet"; None if not given.
            std: As `mean`.
            outputs: What the model returns.

        Raises:
            ValueError: If a text is no list of numbers.
        """

        found = cls(
            size,
            _numbers("model_mean", mean, (0.0,), IMAGENET[0]),
            _numbers("model_std", std, (1.0,), IMAGENET[1]),
            outputs,
        )

        return None if found == cls() else found

    def applied(self, model: nn.Module) -> nn.Module:
        """Return a model that takes a generator's images, on the model's device."""

        wrapped = Preprocessed(
            model,
            size=self.size,
            mean=self.mean,
            std=self.std,
            probabilities=self.outputs == "probabilities",
        )
        example = next(chain(model.parameters(), model.buffers()), None)

        return wrapped if example is None else wrapped.to(example.device)


def _numbers(
    name: str,
    text: str | None,
    usual: tuple[float, ...],
    imagenet: tuple[float, ...],
) -> tuple[float, ...]:
    if text is None:
        return usual

    if text == "imagenet":
        return imagenet

    try:
        found = tuple(map(float, text.split(",")))
    except ValueError:
        found = ()

    if not found or not all(map(math.isfinite, found)):
        raise ValueError(
            f"{name} must be numbers with commas between them, or 'imagenet', got "
            f"{text}"
        )

    return found


def find_images(
    text: str,
    *,
    crop: int | None = None,
    resize: int | None = None,
    limit: int | None = None,
) -> ImageFiles:
    """Return the images that a text names.

    Args:
        text: "digits" for the bundled sample of MNIST; or a folder of pictures, one
            picture, an IDX or a NumPy file.
        crop: Side in pixels of the square cut out of the middle of each picture.
        resize: Side in pixels to which each picture is resized.
        limit: Take only the first so many images.

    Raises:
        FileNotFoundError: If there is nothing at the path.
        ValueError: If the images cannot be read, or the limit is below 1.

    Example:
        >>> find_images("digits", limit=2).images.shape
        torch.Size([2, 1, 28, 28])
    """

    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")

    if text == "digits":
        digits = find_labelled(text, crop=crop, resize=resize)

        return ImageFiles(digits.images[:limit], ())

    images, names = read_images(text, crop=crop, resize=resize)

    return ImageFiles(images[:limit], names[:limit])


def find_labelled(
    text: str, *, crop: int | None = None, resize: int | None = None
) -> LabelledImages:
    """Return the images with classes that a text names.

    Args:
        text: "digits" for the bundled sample of MNIST; or a folder with one folder of
            pictures for each class.
        crop: Side in pixels of the square cut out of the middle of each picture.
        resize: Side in pixels to which each picture is resized.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If the images cannot be read, or the digits are to be resized.

    Example:
        >>> find_labelled("digits").classes
        10
    """

    if text in ("digits", "mnist") and (crop or resize):
        raise ValueError(f"crop and resize must be given with a folder, got {text}")

    if text == "digits":
        return sample_digits()

    return read_labelled_images(text, crop=crop, resize=resize)


def find_device(text: str) -> str:
    """Return the name of the device that a text names.

    Args:
        text: As PyTorch names it, such as "cpu" or "cuda:1"; or "auto" for "cuda"
            where there is one, else "cpu".

    Raises:
        ValueError: If there is no such device.

    Example:
        >>> find_device("cpu")
        'cpu'
    """

    if text == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"

    try:
        torch.zeros(1, device=text).item()
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"device must be one that PyTorch can use here, got {text}: "
            f"{str(error).splitlines()[0]}"
        ) from None

    return text


def read_classes(path: Path | None) -> tuple[str, ...]:
    """Read what the classes are called, one name a line.

    Args:
        path: A text file, of which blank lines at the end do not count; no names if
            not given.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not text.

    Example:
        >>> read_classes(None)
        ()
    """

    if path is None:
        return ()

    if not path.is_file():
        raise FileNotFoundError(f"classes must be a text file, got {path}")

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"classes must be UTF-8 text, got {path}: {error}") from None

    return tuple(text.rstrip().splitlines())


def find_model(
    text: str,
    *,
    device: str | torch.device = "cpu",
    model_input: ModelInput | None = None,
) -> nn.Module:
    """Return the model that a text names.

    Args:
        text: Weights by name, a weights file, or "file.py:function": that file is run,
            and the function, called without arguments, must return the model.
        device: Where to put the model.
        model_input: How its inputs are made of images, if they differ.

    Raises:
        FileNotFoundError: If there is no such file or name.
        ValueError: If it is no model, or one of data rather than of answers.
        UserCodeError: If the file or the function raises an error.

    Example:
        >>> type(find_model("mnist-cnn")).__name__
        'Sequential'
    """

    model = _find(text, device)

    if not isinstance(model, nn.Module):
        raise ValueError(  # noqa: TRY004
            f"{text} must return a torch.nn.Module, got {type(model).__name__}"
        )

    if isinstance(model, Coordinates):
        raise ValueError(  # noqa: TRY004
            f"the model must be a classifier or regressor, got {text}, a generative "
            f"model ({type(model).__name__}, which has encode and decode)"
        )

    return model_input.applied(model) if model_input else model


def find_coordinates(
    text: str,
    shape: tuple[int, ...],
    *,
    device: str | torch.device = "cpu",
    inversion: How | None = None,
    progress: bool = False,
    mask: object = None,
) -> Coordinates:
    """Return the coordinates that a text names.

    Args:
        text: Weights of a generative model by name, a weights file, "data" for the data
            space itself, or "file.py:function": that file is run, and the function,
            called without arguments, must return an object with encode and decode, or
            a generator, which is then inverted.
        shape: Shape of one datum.
        device: Where to put the coordinates.
        inversion: How a generator is inverted; see `inverted`.
        progress: Whether inversion shows a bar.
        mask: Where images may change, as `read_mask` returned it; anywhere if None.

    Raises:
        FileNotFoundError: If there is no such file or name.
        ValueError: If what is named has no encode or no decode, or the mask is none.
        UserCodeError: If the file or the function raises an error.

    Example:
        >>> find_coordinates("data", (1, 28, 28))
        Identity(shape=(1, 28, 28))
    """

    if mask is not None:
        inside = find_coordinates(
            text, shape, device=device, inversion=inversion, progress=progress
        )

        return Masked(inside, mask_of(mask).repeat(shape[0], 1, 1))

    if text == "data":
        return Identity(shape)

    found = inverted(_find(text, device), shape, inversion, progress=progress)

    if not isinstance(found, Coordinates):
        raise ValueError(  # noqa: TRY004
            f"coordinates must be a generative model with encode(x) and decode(z), got "
            f"{text}, a {type(found).__name__} without them; a decoder alone must have "
            "an attribute `latent`, the size of its latents, to be inverted"
        )

    return found


def _find(text: str, device: str | torch.device) -> object:
    path, _, name = text.rpartition(":")

    if path.endswith(".py"):
        return _placed(call_function(Path(path), name), text, device)

    if text.endswith(".py"):
        raise ValueError(
            f"a Python file must be named with its function, as {text}:FUNCTION, got "
            f"{text}"
        )

    if Path(text).is_file() and not text.endswith(".safetensors"):
        raise ValueError(
            "weights must be a .safetensors file that diffeo wrote; for any other, "
            "write a function that loads it and name that, as file.py:FUNCTION, got "
            f"{text}"
        )

    return zoo.load(text, device)


def _placed(found: object, text: str, device: str | torch.device) -> object:
    if not isinstance(found, nn.Module):
        return found

    if any(value.is_meta for value in found.state_dict().values()):
        raise ValueError(f"{text} must have weights, got some on the meta device")

    return found.to(device)
