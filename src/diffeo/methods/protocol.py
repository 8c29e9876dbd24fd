"""What every method offers."""

from typing import Protocol, runtime_checkable

from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.search import Run
from diffeo.shapes import Data, Model

__all__ = ["Method"]


@runtime_checkable
class Method(Protocol):
    """A way to find counterfactuals, settings included.

    Example:
        >>> from diffeo.methods import adversarial
        >>> isinstance(adversarial(), Method)
        True
    """

    def explain(
        self,
        x: Data,
        model: Model,
        coordinates: Coordinates,
        *,
        target: int,
        confidence: float,
        run: Run,
    ) -> Counterfactuals:
        """Show what would have to change in images for a classifier to answer so.

        Nobody asks whether the inputs are typical of the coordinates.

        Args:
            x: Images in [0, 1], shape (batch, channels, height, width).
            model: From images to logits, in evaluation mode.
            coordinates: Of a generative model of such images; methods that move in data
                space have no use for it.
            target: The class to become.
            confidence: Probability that the target must exceed: the one test of success
                for all methods.
            run: How long to search, in what batches, and so on.

        Raises:
            ValueError: If the images, the model, the coordinates or the target cannot
                be searched.
        """
