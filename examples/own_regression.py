"""Explain a regression on images: what would have to change for more ink?

The network learns how much ink a digit has, in percent of the picture, and is then
asked what a digit would look like for it to answer half as much again.
"""

import argparse
from pathlib import Path

import torch
from torch import nn

from diffeo import AtLeast, explain, zoo
from diffeo.data.mnist import sample_digits
from diffeo.report import ReportOptions, write_report


def ink(images: torch.Tensor) -> torch.Tensor:
    """Return the ink of each picture, in percent."""

    return 100 * images.mean((1, 2, 3))[:, None]


def train(images: torch.Tensor, steps: int) -> nn.Module:
    """Train a small network; any of yours that returns a value will do."""

    torch.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv2d(1, 16, 5, stride=2), nn.ReLU()),
        *(nn.Conv2d(16, 16, 5, stride=2), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(16 * 4 * 4, 1)),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    for _ in range(steps):
        x = images[torch.randint(len(images), (64,))]
        loss = nn.functional.mse_loss(model(x), ink(x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("own-regression"))
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()

    images = sample_digits().images
    model = train(images, 50 if options.quick else 1000)
    thin = images[ink(images)[:, 0] < 10][: 2 if options.quick else 16]
    goal = AtLeast(1.5 * model(thin).max().item())
    record = explain(thin, model, zoo.load("mnist-flow"), objective=goal)

    print(record)
    print(f"wanted of the network: at least {goal.value:.1f} %")
    print(f"ink before: {ink(record.factual).mean():.1f} %")
    print(f"ink after:  {ink(record.counterfactual).mean():.1f} %")
    page = ReportOptions(title="What would have to change for more ink?")
    print(write_report({"in the flow": record}, options.out, page))


if __name__ == "__main__":
    main()
