"""What a user asks to have explained."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import nn

from diffeo.ascents import Ascent
from diffeo.models.model_input import ModelInput
from diffeo.objectives import Objective
from diffeo.search import Run
from diffeo.several import check_count
from diffeo.workflows.generators import How
from diffeo.workflows.limits import ColumnLimits
from diffeo.workflows.models import find_model

__all__ = ["ExplainOptions", "model_of"]


@dataclass(frozen=True)
class ExplainOptions:
    """What is to be explained, and how.

    Args:
        data: Where the images come from, as the user named it.
        model: The model by name, file or function.
        coordinates: Where to search, by name, file or function, or "data".
        objective: What the model is to answer.
        ascent: How to step.
        run: How long to search, in what batches, and so on.
        classes: What the classes are called, in order; their numbers if empty.
        device: Where to compute.
        agree: The further models that the objective asks, by name, file or function.
        inversion: How a generator is inverted, if not by all that it comes with.
        model_input: How the models' inputs are made of the images.
        mask: Where the images may change, as `read_mask` returned it; anywhere if None.
        limits: Which columns may change, of a table; None for images.
        loaded: The model itself, with `model_input` applied; loaded by its name if not
            given.
        gradients: A sentence on the model's gradients, if they are not its own.
        several: Number of counterfactuals for each input.
        scale: What counts as one in each number of the data where several are compared,
            such as the standard deviation of a table's column; its unit if empty.

    Raises:
        ValueError: If there is to be no counterfactual.

    Example:
        >>> from diffeo import Run, TargetClass
        >>> from diffeo.search import DEFAULT_ASCENT
        >>> how = TargetClass(9), DEFAULT_ASCENT, Run()
        >>> ExplainOptions("digits", "mnist-cnn", "mnist-flow", *how).device
        'cpu'
    """

    data: str
    model: str
    coordinates: str
    objective: Objective
    ascent: Ascent
    run: Run
    classes: tuple[str, ...] = ()
    device: str = "cpu"
    agree: tuple[str, ...] = ()
    inversion: How | None = None
    model_input: ModelInput = field(default_factory=ModelInput)
    mask: Mapping[str, object] | None = None
    limits: ColumnLimits | None = None
    loaded: nn.Module | None = field(default=None, repr=False)
    gradients: str = ""
    several: int = 1
    scale: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        check_count(self.several)


def model_of(options: ExplainOptions) -> nn.Module:
    """Return the model to be explained.

    Args:
        options: What is to be explained, and how.

    Example:
        >>> from diffeo import Adam, Run, TargetClass
        >>> how = TargetClass(9), Adam(0.01), Run()
        >>> model_of(ExplainOptions("digits", "mnist-cnn", "data", *how)).training
        False
    """

    if options.loaded is not None:
        return options.loaded

    return find_model(
        options.model, device=options.device, model_input=options.model_input
    )
