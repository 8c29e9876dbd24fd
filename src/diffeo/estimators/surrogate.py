"""A differentiable stand-in for a model that has no gradient."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffeo.coordinates.table import TableFlow
from diffeo.estimators.answers import Answers
from diffeo.models.perceptron import perceptron
from diffeo.shapes import Data, Flags, Outputs

__all__ = ["StraightThrough", "distill"]

SAMPLES = 9000  # of the flow, and as many between those and rows
MOST_ROWS = 3000
STEPS, BATCH, RATE = 3000, 256, 5e-3
HIDDEN = 64, 64
HELD_OUT = 10  # one sample in so many


class StraightThrough(nn.Module):
    """Answer as the model does, with the gradient of its surrogate.

    Whatever is asked of it, as by a search whether a row has arrived, the model itself
    has answered.

    Source: Bengio, Léonard and Courville, 2013, Estimating or propagating gradients
    through stochastic neurons, for the straight-through gradient.

    Args:
        surrogate: From rows of features to what the model answers, about.
        answers: What the model answers.

    Example:
        >>> from sklearn.tree import DecisionTreeRegressor
        >>> from diffeo.estimators.cells import Cell, Cells
        >>> tree = DecisionTreeRegressor().fit([[0.0], [1.0]], [0.0, 8.0])
        >>> cells = Cells((Cell("x", 0, decimals=1),))
        >>> model = StraightThrough(nn.Linear(1, 1), Answers(tree, cells))
        >>> model(torch.tensor([[0.9]]))
        tensor([[8.]], grad_fn=<AddBackward0>)
    """

    def __init__(self, surrogate: nn.Module, answers: Answers) -> None:
        super().__init__()
        self.surrogate = surrogate
        self.answers = answers
        self.train(surrogate.training)

    def forward(self, x: Data) -> Outputs:
        """Return the model's own outputs."""

        soft: Tensor = self.surrogate(x)

        return self.answers(x) + (soft - soft.detach())


def distill(
    answers: Answers, flow: TableFlow, x: Data, *, seed: int = 0
) -> tuple[StraightThrough, float]:
    """Train a surrogate on samples of a flow, on rows, and between both.

    Source: Hinton, Vinyals and Dean, 2015, Distilling the knowledge in a neural
    network, for training on another model's probabilities.

    Args:
        answers: What the model answers.
        flow: A flow of the table.
        x: Rows of the table.
        seed: Seed of the samples and of the training.

    Returns:
        The model with the surrogate's gradients; and how well the surrogate does on
        samples held out: the share of equal classes, or R² of values.

    Example:
        >>> distill(answers, flow, x)  # doctest: +SKIP
    """

    generator = torch.Generator().manual_seed(seed)
    data = _samples(flow, x, generator)
    outputs = answers(data)
    apart = torch.arange(len(data)) % HELD_OUT == 0
    surrogate = _Standardized(data[~apart], outputs[~apart], answers, seed=seed)
    optimizer = torch.optim.AdamW(surrogate.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    train, wanted = data[~apart], outputs[~apart]

    for _ in range(STEPS):
        rows = torch.randint(len(train), (BATCH,), generator=generator)
        loss = surrogate.loss(train[rows], wanted[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()

    surrogate.eval().requires_grad_(requires_grad=False)
    well = _agreement(surrogate(data[apart]), outputs[apart], answers)

    return StraightThrough(surrogate, answers).to(x.device), well


@torch.no_grad()
def _samples(flow: TableFlow, x: Data, generator: torch.Generator) -> Tensor:
    """Return samples of a flow, rows, and points between both in its coordinates."""

    order = torch.randperm(len(x), generator=generator)
    rows = x[order[:MOST_ROWS].to(x.device)]
    z = flow.encode(rows)
    first = torch.randint(len(z), (SAMPLES,), generator=generator).to(z.device)
    share = torch.rand(SAMPLES, 1, generator=generator).to(z)
    free = torch.randn(2 * SAMPLES, z.shape[1], generator=generator).to(z)
    between = share * z[first] + (1 - share) * free[SAMPLES:]
    data = flow.decode(torch.cat((free[:SAMPLES], between)))

    return torch.cat((data[data.isfinite().all(1)], rows))


class _Standardized(nn.Module):
    """A perceptron of standardized features, and of standardized values."""

    def __init__(self, x: Data, outputs: Outputs, answers: Answers, seed: int) -> None:
        super().__init__()
        self.is_of_classes = answers.is_of_classes
        self.network = perceptron(
            x.shape[1], outputs.shape[1], hidden=HIDDEN, seed=seed
        ).to(x)
        center, unit = outputs.mean(), _deviation(outputs)

        if self.is_of_classes:
            center, unit = x.new_zeros(()), x.new_ones(())

        self.mean = nn.Buffer(x.mean(0))
        self.scale = nn.Buffer(_deviation(x))
        self.center = nn.Buffer(center)
        self.unit = nn.Buffer(unit)

    def forward(self, x: Data) -> Outputs:
        raw: Tensor = self.network((x - self.mean) / self.scale)

        return raw * self.unit + self.center

    def loss(self, x: Data, wanted: Outputs) -> Tensor:
        found = self(x)

        if self.is_of_classes:
            return functional.cross_entropy(found, wanted.softmax(1))

        return functional.mse_loss(found / self.unit, wanted / self.unit)


def _deviation(x: Tensor) -> Tensor:
    deviation = x.std(0)

    return torch.where(deviation > 0, deviation, 1)


def _agreement(found: Outputs, wanted: Outputs, answers: Answers) -> float:
    if answers.is_of_classes:
        same: Flags = found.argmax(1) == wanted.argmax(1)

        return same.double().mean().item()

    missed = (found - wanted).square().sum() / (wanted - wanted.mean()).square().sum()

    return 1 - missed.item()
