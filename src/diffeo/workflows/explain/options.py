"""What a user asks to have explained."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torch import nn

from diffeo.ascents import Ascent
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.limits import ColumnLimits
from diffeo.coordinates.protocol import Coordinates
from diffeo.models.model_input import ModelInput
from diffeo.objectives import Objective
from diffeo.search import DEFAULT_ASCENT, Run
from diffeo.several import check_count
from diffeo.workflows.generators import How
from diffeo.workflows.loading import find_coordinates

if TYPE_CHECKING:
    from diffeo.coordinates.table import TableFlow

__all__ = ["ExplainOptions", "place_of"]


@dataclass(frozen=True)
class ExplainOptions:
    """What is to be explained, and how.

    Args:
        data: Where the images come from, as the user named it.
        model: The model by name, file or function.
        coordinates: Where to search, by name, file or function, or "data".
        loaded: The model itself, with `model_input` applied.
        objective: What the model is to answer.
        ascent: How to step.
        run: How long to search, in what batches, and so on.
        classes: What the classes are called, in order; their numbers if empty.
        device: Where to compute.
        agree: The further models that the objective asks, by name, file or function.
        inversion: How a generator is inverted, if not by all that it comes with.
        model_input: How the models' inputs are made of the images.
        mask: Where the images may change, as `read_mask` returned it; anywhere if None.
        residual: Whether what the coordinates lose of each image is kept.
        limits: Which columns may change, of a table; None for images.
        notes: Sentences to know before anything is believed, such as where gradients
            come from that are not the model's own.
        several: Number of counterfactuals for each input.
        flow: That of a table, which knows the columns; None for images.
        held: The model whose answer the objective holds, by name, file or function.
        judge: A model that the search does not ask, by name, file or function.

    Raises:
        ValueError: If there is to be no counterfactual.

    Example:
        >>> from diffeo import TargetClass
        >>> what = "faces", "net.py:f", "data"
        >>> ExplainOptions(*what, nn.Identity(), TargetClass(9)).device
        'cpu'
    """

    data: str
    model: str
    coordinates: str
    loaded: nn.Module
    objective: Objective
    ascent: Ascent = DEFAULT_ASCENT
    run: Run = field(default_factory=Run)
    classes: tuple[str, ...] = ()
    device: str = "cpu"
    agree: tuple[str, ...] = ()
    inversion: How | None = None
    model_input: ModelInput = field(default_factory=ModelInput)
    mask: Mapping[str, object] | None = None
    residual: bool = False
    limits: ColumnLimits | None = None
    notes: tuple[str, ...] = ()
    several: int = 1
    flow: "TableFlow | None" = None
    held: str = ""
    judge: str = ""

    def __post_init__(self) -> None:
        check_count(self.several)


def place_of(options: ExplainOptions, shape: tuple[int, ...]) -> Coordinates:
    """Return the coordinates that are searched: in the bounds of images, or in limits.

    Args:
        options: What is to be explained, and how.
        shape: Shape of one datum.

    Raises:
        FileNotFoundError: If there are no such coordinates.
        ValueError: If they cannot be searched, or the limits are of other columns.

    Example:
        >>> from diffeo import TargetClass
        >>> what = "digits", "net.py:f", "data", nn.Identity(), TargetClass(9)
        >>> place_of(ExplainOptions(*what), (1, 2, 2)).coordinates
        Identity(shape=(1, 2, 2))
    """

    place = find_coordinates(
        options.coordinates,
        shape,
        device=options.device,
        inversion=options.inversion,
        progress=options.run.progress,
        mask=options.mask,
        residual=options.residual,
    )

    return options.limits.applied(place) if options.limits else Bounded(place)
