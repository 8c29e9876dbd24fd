"""Weights in safetensors files, by name or path."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from diffeo.files import write_atomically, write_text
from diffeo.zoo.cards import Card, heading
from diffeo.zoo.recipes import Recipe

__all__ = ["card", "load", "names", "save"]

SUFFIX = ".safetensors"
KERNEL = 4  # dimensions of a convolution's weight
FLOATS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
UNBUILDABLE = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
SMALL = 1000  # a number in settings that any file may ask for
SIZELESS = {"seed", "columns"}  # settings whose numbers are no sizes


def save(model: nn.Module, card: Card, path: str | Path) -> None:
    """Write weights and card to one safetensors file, and the card beside it to read.

    Kernels of convolutions are stored in 16 bits, which is half of a large model's file
    and changes them by at most one part in 2,000. All else is stored as it is. Older
    files of the same names are replaced.

    Args:
        model: The trained model.
        card: How it is built, and what else to know of it.
        path: The file, its name ending in ".safetensors"; the card's page is written to
            the same name ending in ".md".

    Raises:
        ValueError: If the name ends otherwise.
        FileExistsError: If the card's page would replace a file that is no such page.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> recipe = Recipe("perceptron", {"features": 3, "outputs": 1})
        >>> about = Card(recipe, "none", "none", "Apache-2.0", {})
        >>> with TemporaryDirectory() as folder:
        ...     save(recipe.build(), about, f"{folder}/untrained.safetensors")
        ...     load(f"{folder}/untrained.safetensors")(torch.ones(2, 3)).shape
        torch.Size([2, 1])
    """

    path = Path(path)
    page = path.with_suffix(".md")
    start = heading(path.stem).encode()

    if path.suffix != SUFFIX:
        raise ValueError(f"weights must be saved as a {SUFFIX} file, got {path}")

    if page.exists() and not page.read_bytes().startswith(start):
        raise FileExistsError(
            f"the card is written beside the weights, got {page}, which exists and is "
            "no card"
        )

    tensors = {name: _store(value) for name, value in model.state_dict().items()}
    metadata = {  # names of files may hold bytes that are no text
        name: text.encode(errors="backslashreplace").decode()
        for name, text in card.metadata().items()
    }
    write_atomically(path, lambda draft: save_file(tensors, draft, metadata=metadata))
    write_text(page, card.markdown(path.stem))


def load(name: str | Path, device: str | torch.device = "cpu") -> nn.Module:
    """Return a trained model in evaluation mode, its weights frozen.

    Args:
        name: Name of weights that come with the package, or a file that `save` wrote.
        device: Where to put the weights.

    Raises:
        FileNotFoundError: If there are no such weights.
        ValueError: If the file holds anything else.

    Example:
        >>> model = load("mnist-cnn")
        >>> model(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])
    """

    with _weights(name) as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        found = Card.from_metadata(file.metadata() or {})
        model = _build(found.recipe, tensors)
        _check(model, tensors)
        model.load_state_dict(tensors)

    return model.eval().requires_grad_(requires_grad=False).to(device)


def card(name: str | Path) -> Card:
    """Return what is known of trained weights.

    Args:
        name: Name of weights that come with the package, or a file that `save` wrote.

    Raises:
        FileNotFoundError: If there are no such weights.
        ValueError: If the file holds anything else.

    Example:
        >>> card("mnist-cnn").recipe.name
        'cnn'
    """

    with _weights(name) as file:
        return Card.from_metadata(file.metadata() or {})


def names() -> list[str]:
    """Return the names of the weights that come with the package.

    Example:
        >>> "mnist-flow" in names()
        True
    """

    files = (resources.files("diffeo") / "weights").iterdir()

    return sorted(
        file.name.removesuffix(SUFFIX) for file in files if file.name.endswith(SUFFIX)
    )


@contextmanager
def _weights(name: str | Path) -> Iterator[Any]:
    """Open the file of weights; what is found wrong with it names the file."""

    shipped = resources.files("diffeo") / "weights" / f"{name}{SUFFIX}"
    place = shipped if str(name) in names() else Path(name)

    if not place.is_file():
        raise FileNotFoundError(
            f"weights must be one of {', '.join(names())} or a file, got {name}"
        )

    try:
        with resources.as_file(place) as path, safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, ValueError) as error:
        raise ValueError(
            f"weights must be a safetensors file that diffeo wrote, got {name}: {error}"
        ) from None


def _build(recipe: Recipe, tensors: Mapping[str, Tensor]) -> nn.Module:
    """Return the untrained model, if its settings can be those of the tensors."""

    sides = [4 * side for value in tensors.values() for side in value.shape]
    most, greatest = max(SMALL, len(tensors), *sides), _greatest(recipe.settings)

    try:
        if greatest > most:
            raise ValueError(f"numbers must be at most {most}, got {greatest}")

        with warnings.catch_warnings(action="ignore"):  # of sizes that are 0
            return recipe.build()
    except UNBUILDABLE as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"recipe {recipe.name} must build with its settings and be of the weights' "
            f"size, got {type(error).__name__}: {reason}"
        ) from None


def _greatest(settings: object) -> int | float:
    """Return the greatest number in settings that may be a size."""

    if isinstance(settings, dict):
        settings = [value for name, value in settings.items() if name not in SIZELESS]

    if isinstance(settings, list):
        return max(map(_greatest, settings), default=0)

    return settings if isinstance(settings, int | float) else 0


def _check(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Check that tensors are a trained model's: names, shapes, types and values."""

    state = model.state_dict()
    parameters = {name for name, _ in model.named_parameters()}
    extra = sorted(tensors.keys() - state.keys())[:3]
    missing = sorted(state.keys() - tensors.keys())[:3]

    if extra or missing:
        raise ValueError(
            f"tensors must be the recipe's, got {extra} too many and {missing} missing"
        )

    for name, value in tensors.items():
        dtype, shape = state[name].dtype, state[name].shape
        alike = value.dtype == dtype or {value.dtype, dtype} <= FLOATS
        finite = value.isfinite().all() or name not in parameters
        trained = value.all() or not name.endswith("initialized")
        requirements = (
            (value.shape == shape, f"of shape {tuple(shape)}", tuple(value.shape)),
            (alike, f"of {dtype}", value.dtype),
            (not value.isnan().any(), "numbers", "NaN"),
            (finite, "finite", "infinity"),
            (trained, "true in trained weights", "false"),
        )

        for fulfilled, wanted, found in requirements:
            if not fulfilled:
                raise ValueError(f"{name} must be {wanted}, got {found}")


def _store(value: Tensor) -> Tensor:
    kept = value.detach().cpu().contiguous()

    return kept.half() if kept.ndim == KERNEL and kept.is_floating_point() else kept
