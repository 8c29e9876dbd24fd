"""A model that was read, and what its file says of it."""

from dataclasses import dataclass, field, replace

from torch import nn

from diffeo.models.model_input import ModelInput

__all__ = ["KnownModel", "square_side"]


@dataclass(frozen=True)
class KnownModel:
    """A model that was read, and what its file says of it.

    Args:
        model: What was read: a module in evaluation mode, or an estimator of tables.
        classes: What its classes are called, in order; empty if the file does not say.
        model_input: How its inputs are made of images, as far as the file says.

    Example:
        >>> KnownModel(nn.Identity(), ("cat", "dog")).module()
        Identity()
    """

    model: object
    classes: tuple[str, ...] = ()
    model_input: ModelInput = field(default_factory=ModelInput)

    @property
    def is_of_values(self) -> bool:
        """Whether it is known to answer values: modules never tell."""

        return not (isinstance(self.model, nn.Module) or self.classes)

    def told(self, model_input: ModelInput) -> "KnownModel":
        """Return the model with what a user says of its inputs, over its file."""

        return replace(self, model_input=model_input.over(self.model_input))

    def module(self) -> nn.Module:
        """Return the model with its input applied.

        Raises:
            ValueError: If it is no module.
        """

        if not isinstance(self.model, nn.Module):
            raise ValueError(  # noqa: TRY004
                "a model of images must be a torch.nn.Module, got "
                f"{type(self.model).__name__}, an estimator of tables"
            )

        return self.model_input.applied(self.model)


def square_side(name: str, height: int, width: int) -> int:
    """Return the side of square images.

    Args:
        name: What the model is called.
        height: Height of its input, in pixels.
        width: Width of its input, in pixels.

    Raises:
        ValueError: If they are not square.

    Example:
        >>> square_side("resnet18", 224, 224)
        224
    """

    if height != width:
        raise ValueError(
            f"a model must take square images, got {name}, which takes {height} × "
            f"{width}; wrap it in a function, and name that as file.py:FUNCTION"
        )

    return height
