"""How to carry out a search."""

from dataclasses import dataclass
from typing import Literal, cast, get_args

import torch

from diffeo.distances import Distance

__all__ = ["Backward", "Run", "backward_named"]

Backward = Literal["auto", "plain", "reversible"]


@dataclass(frozen=True)
class Run:
    """How to carry out a search.

    Args:
        steps: Most steps of a row.
        batch_size: Rows searched together; "auto" for as many as pay and fit into
            memory. Results do not depend on it but for rounding, which a fixed number
            makes the same on every machine.
        backward: How the gradient in the coordinates is computed: "plain" keeps all
            activations of decoding; "reversible" recomputes them in the backward pass,
            in memory that does not grow with the depth of a flow and half as much time
            again; "auto" is plain where that fits into memory. Coordinates without a
            reversible form are always plain.
        line_search_steps: Most evaluations along the last step of a row, to find the
            point where it first comes to its target.
        closest: Distances that a row minimizes, one after the other, once it has
            reached its target and as far as it stays there: `(LatentDistance(),)`, or
            `(LatentDistance(), DataDistance())`, which begins from data as typical as
            can be. The record then states the last distance before and after, and the
            angle that is left between its gradient and that of the margin.
        closest_steps: Most steps for each of these distances.
        patience: Steps without a better margin after which a row stalls. It then starts
            again from its origin, along gradients that are averaged over coordinates
            nearby, for as many steps at most. If these stall too, it starts from
            half of its coordinates, nearer to where the density of a flow is greatest;
            that counts only if it arrives. Else it is given up.
        retries: Times that a row that stalled starts again in this way, at most 2.
        restarts: Further searches of each row, from points near its origin. The
            nearest to the origin that reached the target is kept.
        restart_noise: Standard deviation of the normal noise added to the origin at a
            restart, in coordinates.
        seed: Seed of the noise of restarts.
        precision: Data type in which coordinates that can do so decode while steps are
            taken; "full" for that of the data; "auto" for bfloat16 if the data are
            float32, the processor has units for it, and decoding is work enough to
            gain by it. What is returned was evaluated in full precision all the same:
            a row that is not at its target in it starts over in full precision.
        path: Whether to keep the coordinates along the search, which is then in full
            precision throughout.
        progress: Whether to show a bar on the terminal.

    Example:
        >>> Run(steps=100, precision="full").batch_size
        'auto'
    """

    steps: int = 1000
    batch_size: int | Literal["auto"] = "auto"
    backward: Backward = "auto"
    line_search_steps: int = 8
    closest: tuple[Distance, ...] = ()
    closest_steps: int = 40
    patience: int = 7
    retries: int = 2
    restarts: int = 0
    restart_noise: float = 0.1
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
        least = {
            "steps": 1,
            "line_search_steps": 0,
            "closest_steps": 1,
            "patience": 1,
            "retries": 0,
            "restarts": 0,
            "restart_noise": 0,
        }

        if self.batch_size != "auto":
            least |= {"batch_size": 1}

        for name, bound in least.items():
            if not getattr(self, name) >= bound:
                raise ValueError(
                    f"{name} must be at least {bound}, got {getattr(self, name)}"
                )


def backward_named(name: str) -> Backward:
    """Return the backward pass of that name; see `Run`.

    Raises:
        ValueError: If there is none.

    Example:
        >>> backward_named("plain")
        'plain'
    """

    if name not in get_args(Backward):
        raise ValueError(
            f"backward must be one of {', '.join(get_args(Backward))}, got {name}"
        )

    return cast("Backward", name)
