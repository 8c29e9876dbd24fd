"""Weights in safetensors files, by name or path."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from diffeo.files import write_atomically
from diffeo.zoo.budget import ElementBudget
from diffeo.zoo.cards import Card, heading
from diffeo.zoo.recipes import Recipe

__all__ = ["card", "load", "names", "save"]

SUFFIX = ".safetensors"
KERNEL = 4  # dimensions of a convolution's weight
FLOATS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
UNBUILDABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)


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
    metadata = card.metadata()
    write_atomically(path, lambda draft: save_file(tensors, draft, metadata=metadata))
    text = card.markdown(path.stem)
    write_atomically(page, lambda draft: draft.write_text(text, encoding="utf-8"))


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

    with _weights(name) as path:
        facts, tensors = _read(path)
        model = _build(facts.recipe, tensors)
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

    with _weights(name) as path:
        return _read(path)[0]


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
def _weights(name: str | Path) -> Iterator[Path]:
    """Give the file of weights; what is found wrong with it names the file."""

    with resources.as_file(_find(name)) as path:
        try:
            yield path
        except (SafetensorError, ValueError) as error:
            raise ValueError(
                f"weights must be a safetensors file that diffeo wrote, got {name}: "
                f"{error}"
            ) from None


def _find(name: str | Path) -> Traversable:
    if str(name) in names():
        return resources.files("diffeo") / "weights" / f"{name}{SUFFIX}"

    if not Path(name).is_file():
        raise FileNotFoundError(
            f"weights must be one of {', '.join(names())} or a file, got {name}"
        )

    return Path(name)


def _read(path: Path) -> tuple[Card, dict[str, Tensor]]:
    with safe_open(path, framework="pt") as file:
        found = Card.from_metadata(file.metadata() or {})
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    return found, tensors


def _build(recipe: Recipe, tensors: Mapping[str, Tensor]) -> nn.Module:
    """Return the untrained model, not much larger than what the file holds."""

    stored = sum(value.numel() for value in tensors.values())

    try:
        with ElementBudget(10_000 + 4 * stored):
            return recipe.build()
    except UNBUILDABLE as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"recipe {recipe.name} must build with its settings and be of the weights' "
            f"size, got {type(error).__name__}: {reason}"
        ) from None


def _check(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Check that tensors are a trained model's: names, shapes, types and values."""

    state = model.state_dict()
    parameters = {name for name, _ in model.named_parameters()}

    if state.keys() != tensors.keys():
        strangers = sorted(tensors.keys() - state.keys())
        missing = sorted(state.keys() - tensors.keys())

        raise ValueError(
            f"tensors must be the recipe's, got {strangers[:3]} too many and "
            f"{missing[:3]} missing"
        )

    for name, value in tensors.items():
        _check_tensor(name, value, state[name])

        if name in parameters and not value.isfinite().all():
            raise ValueError(f"{name} must be finite, got infinity")


def _check_tensor(name: str, value: Tensor, own: Tensor) -> None:
    if value.shape != own.shape:
        raise ValueError(
            f"{name} must be of shape {tuple(own.shape)}, got {tuple(value.shape)}"
        )

    if value.dtype != own.dtype and not {value.dtype, own.dtype} <= FLOATS:
        raise ValueError(f"{name} must be of {own.dtype}, got {value.dtype}")

    if value.isnan().any():
        raise ValueError(f"{name} must be numbers, got NaN")

    if name.endswith("initialized") and not value.all():
        raise ValueError(f"{name} must be true in trained weights, got false")


def _store(value: Tensor) -> Tensor:
    kept = value.detach().cpu().contiguous()

    return kept.half() if kept.ndim == KERNEL and kept.is_floating_point() else kept
