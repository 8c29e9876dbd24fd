"""A network of which it is known what it keeps for its gradient."""

import torch
from torch import nn

HIDDEN, LAYERS = 1000, 3
KEPT = LAYERS * HIDDEN * 4  # bytes of a row: each tanh keeps its output


def network() -> nn.Module:
    """Frozen linear maps and tanhs by turns."""

    layers = [
        part for _ in range(LAYERS) for part in (nn.Linear(HIDDEN, HIDDEN), nn.Tanh())
    ]

    return nn.Sequential(*layers).requires_grad_(requires_grad=False)


def step(rows: int, model: nn.Module) -> None:
    """Go through the network and back."""

    z = torch.zeros(rows, HIDDEN, requires_grad=True)
    torch.autograd.grad(model(z).sum(), z)
