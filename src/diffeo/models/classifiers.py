"""Classifiers under explanation."""

import torch
from torch import Tensor, nn

from diffeo.models.centered import Center
from diffeo.models.seeded import seeded
from diffeo.shapes import Outputs

__all__ = ["Logits", "cnn"]

ROUNDING = 1e-3  # by which a probability may lie beyond 0 or 1


def cnn(
    shape: tuple[int, int, int], classes: int, *, width: int = 32, seed: int = 0
) -> nn.Module:
    """Return a small convolutional classifier of images in [0, 1] that returns logits.

    Dropout keeps it from growing surer than it is right: a confidence of 0.99 should
    mean something.

    Args:
        shape: Channels, height and width of the images; sides divisible by four.
        classes: Number of classes.
        width: Channels of the first convolutions; later ones have twice as many.
        seed: Seed of the initial weights.

    Example:
        >>> cnn((1, 8, 8), classes=10, width=2)(torch.zeros(3, 1, 8, 8)).shape
        torch.Size([3, 10])
    """

    channels, height, across = shape
    features = 2 * width * (height // 4) * (across // 4)

    with seeded(seed):
        return nn.Sequential(
            Center(),
            nn.Conv2d(channels, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(0.25),
            nn.Flatten(),
            nn.Linear(features, 4 * width),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4 * width, classes),
        )


class Logits(nn.Module):
    """Make logits of a model that returns probabilities.

    Args:
        model: Returns probabilities of shape (batch, classes), (batch, 1) or (batch,).
        floor: Least probability told apart from 0.

    Example:
        >>> model = nn.Softmax(dim=1).eval()
        >>> Logits(model)(torch.zeros(1, 2))
        tensor([[-0.6931, -0.6931]])
    """

    def __init__(self, model: nn.Module, floor: float = 1e-7) -> None:
        super().__init__()
        self.model = model
        self.floor = floor
        self.train(model.training)

    def forward(self, x: Tensor) -> Outputs:
        """Return log-probabilities, or the log-odds of a single probability.

        They are NaN where the model returns what is no probability.
        """

        probability: Tensor = self.model(x)
        kept = probability.clamp(self.floor, 1 - self.floor)
        single = probability.ndim == 1 or probability.shape[1] == 1
        logits = torch.logit(kept) if single else kept.log()
        outside = (probability - probability.clamp(0, 1)).abs() > ROUNDING

        return logits.where(~outside, torch.nan)
