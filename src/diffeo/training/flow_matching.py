"""Fit a velocity field to straight paths from noise to data."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.extras import require
from diffeo.shapes import Data, Scores
from diffeo.training.augmentation import ColorJitter, RandomCrop
from diffeo.training.drawn import DrawnLoss
from diffeo.training.schedule import Schedule

__all__ = [
    "NOISE",
    "Pair",
    "VelocityMatching",
    "as_drawn",
    "line_error",
    "logit_normal",
    "path_error",
    "transported",
]

Pair = Callable[[Data, Data], Data]
"""From noise and data to the noise that each datum gets."""
Times = Callable[[int, torch.Generator], Scores]
NOISE = 0.03  # standard deviation of what is added to data, in units of their spread


def logit_normal(rows: int, generator: torch.Generator) -> Scores:
    """Return times that seldom are near 0 and 1.

    Source: Esser et al., 2024, Scaling rectified flow transformers, Section 3.1.

    Args:
        rows: How many.
        generator: Random numbers.

    Example:
        >>> logit_normal(3, torch.Generator().manual_seed(0)).shape
        torch.Size([3])
    """

    return torch.randn(rows, generator=generator).sigmoid()


def as_drawn(start: Data, end: Data) -> Data:  # noqa: ARG001 - as `Pair` has it
    """Return noise as it is.

    Args:
        start: The noise.
        end: The data.

    Example:
        >>> as_drawn(torch.ones(1, 2), torch.zeros(1, 2))
        tensor([[1., 1.]])
    """

    return start


def transported(start: Data, end: Data) -> Data:
    """Return noise in the order that makes the squared distances to data least.

    Paths of a batch then hardly cross, and those of the field are straighter.

    Source: Tong, Fatras, Malkin, Huguet, Zhang, Rector-Brooks, Wolf and Bengio, 2024,
    Improving and generalizing flow-based generative models with minibatch optimal
    transport, Section 3.2.

    Args:
        start: The noise.
        end: The data, as many rows.

    Raises:
        ModuleNotFoundError: If scipy is missing; the message tells how to install it.

    Example:
        >>> noise = torch.tensor([[0.0], [5.0]])
        >>> transported(noise, torch.tensor([[4.0], [1.0]]))
        tensor([[5.],
                [0.]])
    """

    require("scipy", extra="evaluate")

    from scipy.optimize import linear_sum_assignment

    cost = torch.cdist(end.flatten(1), start.flatten(1)).square()
    columns = linear_sum_assignment(cost.detach().cpu().numpy())[1]

    return start[torch.as_tensor(columns, device=start.device)]


class VelocityMatching(DrawnLoss):
    """Minimize the squared error of velocities, at times that are logit-normal.

    Noise on the data keeps the field from growing steep next to them.

    Source: Lipman, Chen, Ben-Hamu, Nickel and Le, 2023, Flow matching for generative
    modeling, equation (9) with paths of Example II.

    Args:
        model: Coordinates whose field is trained.
        schedule: How its weights are updated.
        seed: Seed of noise, times and crops.
        noise: Standard deviation of the noise on data, in units of their spread.
        crop: What is cut out of training images; held-out ones are squares already.
        jitter: How the colors of training images are changed, if at all.
        pair: Which noise each datum of a batch gets: `as_drawn`, or `transported`.

    Example:
        >>> from diffeo.zoo import Recipe
        >>> settings = {"shape": [1, 8, 8], "widths": [8, 16]}
        >>> place = Recipe("flow-matching", settings).build()
        >>> VelocityMatching(place, Schedule(), seed=0).noise
        0.03
    """

    model: FlowMatching
    figure = "val_loss"

    def __init__(
        self,
        model: FlowMatching,
        schedule: Schedule,
        *,
        seed: int,
        noise: float = NOISE,
        crop: RandomCrop | None = None,
        jitter: ColorJitter | None = None,
        pair: Pair = as_drawn,
    ) -> None:
        super().__init__(model, schedule, seed=seed, crop=crop)
        self.noise = noise
        self.jitter = jitter
        self.pair = pair

    def loss(self, x: Data, generator: torch.Generator) -> Tensor:
        """Return the mean squared error."""

        if self.jitter and self.training:
            x = self.jitter(x, generator=generator)

        return path_error(
            self.model, x, noise=self.noise, generator=generator, pair=self.pair
        )


def path_error(
    model: FlowMatching,
    x: Data,
    *,
    noise: float,
    generator: torch.Generator,
    times: Times = logit_normal,
    pair: Pair = as_drawn,
) -> Tensor:
    """Return the mean squared error of velocities on straight paths from noise to data.

    Args:
        model: Coordinates whose field is asked, at one time for each row.
        x: Data.
        noise: Standard deviation of the noise on data, in units of their spread.
        generator: Of noise and times.
        times: Draws the time of each row, in [0, 1].
        pair: Which noise each row gets.

    Example:
        >>> from diffeo.zoo import Recipe
        >>> settings = {"shape": [1, 8, 8], "widths": [8, 16]}
        >>> place = Recipe("flow-matching", settings).build()
        >>> generator = torch.Generator().manual_seed(0)
        >>> x = torch.rand(2, 1, 8, 8)
        >>> path_error(place, x, noise=0.0, generator=generator).shape
        torch.Size([])
    """

    start, around = torch.randn((2, *x.shape), generator=generator).to(x)
    end = model.standardized(x) + noise * around

    start = pair(start, end)

    return line_error(model.velocity, start, end, times(len(x), generator).to(x))


def line_error(velocity: nn.Module, start: Data, end: Data, times: Scores) -> Tensor:
    """Return the mean squared error of velocities on the lines between points.

    Args:
        velocity: From points and times, one for each row, to velocities.
        start: Where the lines are at time 0.
        end: Where they are at time 1.
        times: When each row is asked, in [0, 1].

    Example:
        >>> class Still(nn.Module):
        ...     def forward(self, x: Tensor, t: Tensor) -> Tensor:
        ...         return 0 * x
        >>> x = torch.ones(2, 3)
        >>> line_error(Still(), x, 3 * x, torch.tensor([0.0, 0.5]))
        tensor(4.)
    """

    share = times.reshape(-1, *(1,) * (start.ndim - 1))
    found = velocity((1 - share) * start + share * end, times)
    error: Tensor = (found - (end - start)).square().mean()

    return error
