"""What a search refuses, and why."""

from torch import Tensor, nn

from diffeo.shapes import Data, Latent, Model

__all__ = ["check_data", "check_latent", "check_mode", "check_outputs"]


def check_data(x: Data) -> None:
    """Refuse data that cannot be searched.

    Raises:
        ValueError: If they are.
    """

    if x.ndim < 2 or len(x) == 0:
        raise ValueError(
            f"x must be (batch, ...) with at least one row, got {tuple(x.shape)}"
        )

    if not x.is_floating_point():
        raise ValueError(f"x must be floating point, got {x.dtype}")

    if not x.isfinite().all():
        raise ValueError("x must be finite, got NaN or infinity")


def check_mode(model: Model) -> None:
    """Refuse a model in training mode, whose answers are not its own.

    Raises:
        ValueError: If they are.
    """

    if isinstance(model, nn.Module) and any(part.training for part in model.modules()):
        raise ValueError(
            "the model must be in evaluation mode, got training mode; "
            "call model.eval() first"
        )


def check_latent(z: Latent, x: Data) -> None:
    """Refuse coordinates that are not one finite vector a row.

    Raises:
        ValueError: If they are.
    """

    if z.ndim != 2 or len(z) != len(x):
        raise ValueError(
            f"coordinates.encode must return (batch, latent) with {len(x)} rows, got "
            f"{tuple(z.shape)}"
        )

    if not z.isfinite().all():
        raise ValueError(
            "coordinates.encode must return finite numbers, got NaN or infinity; "
            "is x in the range that the coordinates expect?"
        )


def check_outputs(outputs: Tensor, x: Data) -> None:
    """Refuse answers that are not finite, or not one a row.

    Raises:
        ValueError: If they are.
    """

    if outputs.ndim == 0 or len(outputs) != len(x):
        raise ValueError(
            f"the model must return one row for each of {len(x)} inputs, got "
            f"{tuple(outputs.shape)}"
        )

    if not outputs.isfinite().all():
        raise ValueError("the model must return finite outputs, got NaN or infinity")
