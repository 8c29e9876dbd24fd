"""How to carry out a search."""

from dataclasses import dataclass
from typing import Literal, cast, get_args

import torch

__all__ = ["Backward", "Run", "backward_named"]

Backward = Literal["auto", "plain", "reversible"]


@dataclass(frozen=True)
class Run:
    """How to carry out a search.

    Args:
        steps: Most steps of a row.
        batch_size: Rows searched together; "auto" for as many as pay and fit into
            memory. Rows do not depend on it but for rounding, which a fixed number
            makes the same on every machine.
        backward: How the gradient in the coordinates is found: "plain" keeps all that
            decoding passed through; "reversible" finds it again on the way back, in
            memory that does not grow with the steps of a flow and half as much time
            again; "auto" for the plain way where it fits into memory. Coordinates
            that know no reversible way take the plain one.
        reserve: Margin at which a row stops. A little more than 0 lets it stay at its
            target when its pixels are rounded.
        refine: How many times to look along the last step of a row for the point where
            it first arrives.
        starts: Searches of each row; the nearest to its origin that reached is kept.
        spread: Standard deviation, in coordinates, of the noise added to the origin at
            all starts but the first.
        seed: Of that noise.
        precision: In which coordinates that can do so propose steps: a data type,
            "full" for that of the data, or "auto" for bfloat16 if the data are float32,
            the processor has units for it, and decoding is work enough to gain by it.
            What is returned has arrived in full precision all the same: a row that has
            not starts over in it.
        path: Whether to keep the coordinates along the search, which is then in full
            precision throughout.
        progress: Whether to show a bar.
    """

    steps: int = 1000
    batch_size: int | Literal["auto"] = "auto"
    backward: Backward = "auto"
    reserve: float = 0.02
    refine: int = 1
    starts: int = 1
    spread: float = 0.1
    seed: int = 0
    precision: torch.dtype | Literal["auto", "full"] = "auto"
    path: bool = False
    progress: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.batch_size, str) and self.batch_size != "auto":
            raise ValueError(
                f"batch_size must be a number or 'auto', got {self.batch_size}"
            )

        if isinstance(self.precision, str) and self.precision not in ("auto", "full"):
            raise ValueError(
                f"precision must be a data type, 'auto' or 'full', got {self.precision}"
            )

        backward_named(self.backward)
        least = {"steps": 1, "starts": 1, "refine": 0, "reserve": 0, "spread": 0}

        if self.batch_size != "auto":
            least |= {"batch_size": 1}

        for name, bound in least.items():
            if not getattr(self, name) >= bound:
                raise ValueError(
                    f"{name} must be at least {bound}, got {getattr(self, name)}"
                )


def backward_named(name: str) -> Backward:
    """Return the way of that name to find a gradient; see `Run`.

    Raises:
        ValueError: If there is none.
    """

    for way in get_args(Backward):
        if way == name:
            return cast("Backward", way)

    raise ValueError(
        f"backward must be one of {', '.join(get_args(Backward))}, got {name}"
    )
