"""The side of the square images that a model takes."""

__all__ = ["square_side"]


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
