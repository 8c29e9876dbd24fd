"""Images, coordinates and devices by what a user types."""

import torch

from diffeo import zoo
from diffeo.coordinates.autoencoder import as_coordinates
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.masked import Masked
from diffeo.coordinates.protocol import Coordinates
from diffeo.coordinates.residual import Residual
from diffeo.data.images import ImageFiles, read_images
from diffeo.data.labelled import LabelledImages, read_labelled_images
from diffeo.data.masks import mask_of
from diffeo.data.mnist import sample_digits
from diffeo.search.checks import check_modes
from diffeo.workflows.generators import How, inverted
from diffeo.workflows.models import find_part

__all__ = [
    "card_of_coordinates",
    "find_coordinates",
    "find_device",
    "find_images",
    "find_labelled",
    "side_for",
]


def find_images(
    text: str,
    *,
    crop: int | None = None,
    resize: int | None = None,
    limit: int | None = None,
    coordinates: str = "data",
) -> ImageFiles:
    """Return the images that a text names.

    Args:
        text: "digits" for the bundled sample of MNIST; or a folder of pictures, one
            picture, an IDX or a NumPy file.
        crop: Side in pixels of the square cut out of the middle of each picture.
        resize: Side in pixels to which each picture is resized.
        limit: Take only the first so many images.
        coordinates: Those of the search, whose side pictures get if they are stored
            weights and no side is given.

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

    side = side_for(text, coordinates, resize)
    images, names = read_images(text, crop=crop, resize=side)

    return ImageFiles(images[:limit], names[:limit])


def find_labelled(
    text: str, *, crop: int | None = None, resize: int | None = None
) -> LabelledImages:
    """Return the images with classes that a text names.

    Args:
        text: "digits" for the bundled sample of MNIST; or a folder with one folder of
            pictures for each class or a labels.csv.
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
            f"{str(error).splitlines()[0]:.200}"
        ) from None

    return text


def find_coordinates(
    text: str,
    shape: tuple[int, ...],
    *,
    device: str | torch.device = "cpu",
    inversion: How | None = None,
    progress: bool = False,
    mask: object = None,
    residual: bool = False,
) -> Coordinates:
    """Return the coordinates that a text names.

    Args:
        text: Weights of a generative model by name, a weights file, "data" for the data
            space itself, or "file.py:function": that file is run, and the function,
            called without arguments, must return an object with encode and decode, two
            functions, an encoder and a decoder, or a generator, which is then inverted.
            Of several answers of an encoder the first is taken.
        shape: Shape of one datum; empty if only coordinates that were fitted with this
            package will do.
        device: Where to put the coordinates.
        inversion: How a generator is inverted; see `inverted`.
        progress: Whether inversion shows a bar.
        mask: Where images may change, as `read_mask` returned it; anywhere if None.
        residual: Whether what is lost of each row is kept; see `Residual`.

    Raises:
        FileNotFoundError: If there is no such file or name.
        ValueError: If what is named has no encode or no decode, cannot encode data of
            the shape or is in training mode, or the mask is none.
        UserCodeError: If the file or the function raises an error.

    Example:
        >>> find_coordinates("data", (1, 28, 28))
        Identity(shape=(1, 28, 28))
    """

    named = Identity(shape) if text == "data" else find_part(text, device)
    found = inverted(named, shape, inversion, progress=progress)

    if not isinstance(found, Coordinates):
        raise ValueError(  # noqa: TRY004
            f"coordinates must be a generative model with encode(x) and decode(z), got "
            f"{text}, a {type(found).__name__} without them; a decoder alone must have "
            "an attribute `latent`, the size of its latents, to be inverted"
        )

    check_modes(coordinates=found)

    if shape:
        found = as_coordinates(found, torch.zeros(1, *shape, device=device))

    place = Residual(found) if residual else found

    if mask is None:
        return place

    return Masked(place, mask_of(mask).repeat(shape[0], 1, 1))


def side_for(data: str, coordinates: str, resize: int | None) -> int | None:
    """Return the side that pictures are resized to; None to leave them as they are.

    Args:
        data: The images, as the user named them; bundled ones stay as they are.
        coordinates: Those of the search. Pictures get the side of the squares that
            stored weights are coordinates of, if none is wished for.
        resize: The side wished for, in pixels.

    Example:
        >>> side_for("faces", "mnist-flow", None), side_for("faces", "mnist-flow", 14)
        (28, 14)
    """

    if resize is not None or data in ("digits", "mnist"):
        return resize

    card = card_of_coordinates(coordinates)

    match card and card.recipe.settings.get("shape"):
        case [int(), int(height), int(width)] if height == width > 0:
            return height

    return None  # or no shape at all, which is refused where it is built


def card_of_coordinates(coordinates: str) -> zoo.Card | None:
    """Return what is known of stored weights; None of any other coordinates.

    Args:
        coordinates: Weights by name or file, or anything else.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds anything else.

    Example:
        >>> card_of_coordinates("data") is None
        True
    """

    stored = coordinates in zoo.names() or coordinates.endswith(".safetensors")

    return zoo.card(coordinates) if stored else None
