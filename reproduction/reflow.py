"""Reflow: a velocity field learns the straight lines between what another one pairs."""

import math
from typing import cast

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from diffeo import zoo
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.files import write_atomically
from diffeo.shapes import Scores
from diffeo.training.flow_matching import line_error
from diffeo.training.schedule import Schedule, Scheduled
from diffeo.workflows.train.module import TrainingOptions, train_module
from diffeo.workflows.train.velocity import measure_field, watched
from reproduction.pairs import Pairing

__all__ = ["LineRegression", "often_at_ends", "train_reflow"]

PAIRS = "pairs.safetensors"


def often_at_ends(
    rows: int, generator: torch.Generator, steepness: float = 4.0
) -> Scores:
    """Return times whose density grows exponentially from 1/2 to 0 and to 1.

    At one end of a line the other end is hardest to tell.

    Source: Lee, Lin and Fanti, 2024, Improving the training of rectified flows,
    Section 4.1.

    Args:
        rows: How many.
        generator: Random numbers.
        steepness: The density is e^(a t) + e^(a (1 − t)) for this a, up to a factor.
    """

    drawn, side = torch.rand((2, rows), generator=generator)
    late = (drawn * math.expm1(steepness)).log1p() / steepness

    return torch.where(side < 0.5, late, 1 - late)


class LineRegression(Scheduled):
    """Regress x − z on points of the line between the two, for pairs of z and x.

    Source: Liu, Gong and Liu, 2023, Flow straight and fast: learning to generate and
    transfer data with rectified flow, equation (1).

    Args:
        model: Coordinates whose field is trained.
        schedule: How its weights are updated.
        seed: Seed of the times.
    """

    model: FlowMatching
    figure = "val_loss"

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:  # noqa: ARG002
        """Return the mean squared error, at times that this step owns."""

        loss = self._loss(batch, often_at_ends(len(batch[0]), self.step_generator()))
        self.log("train_loss", loss, prog_bar=True)

        return loss

    def validation_step(self, batch: list[Tensor], index: int) -> None:  # noqa: ARG002
        """Log the mean squared error, at times spread evenly over the rows."""

        loss = self._loss(batch, torch.linspace(0, 1, len(batch[0])))
        self.log("val_loss", loss, prog_bar=True)

    def _loss(self, batch: list[Tensor], times: Scores) -> Tensor:
        z, x = (points.float() for points in batch)

        return line_error(self.model.velocity, z, x, times.to(z))


def train_reflow(
    images: tuple[Tensor, Tensor],
    teacher: FlowMatching,
    pairing: Pairing,
    card: zoo.Card,
    options: TrainingOptions,
) -> None:
    """Train a velocity field on the pairs of another one, and store it.

    It begins with the weights of the other one. The pairs are kept beside its weights,
    for a training that goes on.

    Args:
        images: Images of 8 bits that are paired with noise; and held-out ones, on the
            pairs of which the loss is logged, and the figures measured.
        teacher: The other field, of the same widths and of as many blocks or more.
        pairing: How it makes pairs.
        card: What to tell of the weights; its recipe is of flow matching.
        options: How long to train, and where to keep what.
    """

    card = card.with_seed(options.seed)
    model = cast("FlowMatching", card.recipe.build())
    known = teacher.velocity.state_dict()
    own = {name: known[name] for name in model.velocity.state_dict()}
    model.velocity.load_state_dict(own)
    path = options.weights.with_name(PAIRS)

    if not path.is_file():
        made = pairing.make(teacher, *images)
        write_atomically(path, lambda draft: save_file(made, draft))

    pairs = load_file(path)
    train_module(
        LineRegression(model, Schedule(), seed=options.seed),
        (pairs["z"], pairs["x"]),
        (pairs["held_out_z"], pairs["held_out_x"]),
        card,
        watched(options),
        lambda model: measure_field(model, images[1]),
    )
