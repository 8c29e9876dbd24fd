"""One name for each tensor shape; `batch` is always the first axis."""

from collections.abc import Callable

from jaxtyping import Bool, Float, Int
from torch import Tensor

__all__ = [
    "Data",
    "Flags",
    "Images",
    "Indices",
    "Latent",
    "LogDet",
    "Maps",
    "Memory",
    "Model",
    "Outputs",
    "Scores",
]

Data = Float[Tensor, "batch *data"]
Images = Float[Tensor, "batch channels height width"]
Maps = Float[Tensor, "batch _ _ _"]
Latent = Float[Tensor, "batch latent"]
Outputs = Float[Tensor, "batch *outputs"]
Scores = Float[Tensor, " batch"]
LogDet = Float[Tensor, " batch"]
Flags = Bool[Tensor, " batch"]
Indices = Int[Tensor, " batch"]
Memory = tuple[Tensor, ...]
Model = Callable[[Data], Outputs]
