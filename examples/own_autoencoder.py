"""Explain a classifier in the coordinates of a variational autoencoder of one's own.

It loses part of every image, which the page shows; `Residual` keeps that part as it is.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from diffeo import Autoencoder, Residual, Run, diagnose, explain, zoo
from diffeo.data.mnist import sample_digits
from diffeo.report import write_report

LATENT = 16


class Mine(nn.Module):
    """Any module of yours with `encode` and `decode`."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *(nn.Flatten(), nn.Linear(784, 256), nn.SiLU(), nn.Linear(256, 2 * LATENT))
        )
        self.decoder = nn.Sequential(
            *(nn.Linear(LATENT, 256), nn.SiLU(), nn.Linear(256, 784), nn.Sigmoid()),
            nn.Unflatten(1, (1, 28, 28)),
        )

    def encode(self, x: Tensor) -> tuple[Tensor, ...]:
        return self.encoder(x).chunk(2, dim=1)  # mean and log-variance

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)


def train(images: Tensor, steps: int) -> Mine:
    torch.manual_seed(0)
    model = Mine()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

    for _ in range(steps):
        x = images[torch.randint(len(images), (64,))]
        mean, logvar = model.encode(x)
        z = mean + (logvar / 2).exp() * torch.randn_like(mean)
        lost = nn.functional.binary_cross_entropy(model.decode(z), x, reduction="sum")
        divergence = (mean.square() + logvar.exp() - logvar - 1).sum() / 2
        optimizer.zero_grad()
        ((lost + divergence) / len(x)).backward()
        optimizer.step()

    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("own-autoencoder"))
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()

    digits = sample_digits()
    mine = Autoencoder(train(digits.images, 100 if options.quick else 3000))
    fours = digits.images[digits.labels == 4][: 2 if options.quick else 16]

    for question, verdict in diagnose(mine, fours).verdicts().items():
        print(f"{question} {verdict}")

    run = Run(steps=50 if options.quick else 1000)
    model, goal = zoo.load("mnist-cnn"), {"target": 9, "confidence": 0.9, "run": run}
    places = {"in the autoencoder": mine, "with what it loses": Residual(mine)}
    records = {
        name: explain(fours, model, place, **goal) for name, place in places.items()
    }

    print(*records.values(), sep="\n")
    print(write_report(records, options.out))


if __name__ == "__main__":
    main()
