"""What a search costs beyond its decode, model and backward calls."""

import torch
from torch import Tensor, nn

from benchmarks.fours import fours, models, ratio
from diffeo.coordinates.bounded import Bounded
from diffeo.memory import keep_freed
from diffeo.objectives import TargetClass, log_odds
from diffeo.search import Run, search
from reproduction.mnist.setup import CONFIDENCE, TARGET

__all__ = ["measure"]

ROWS = 64


class Noting(nn.Module):
    """A model that notes how many rows it is asked about, and whether to go back."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.calls: list[tuple[int, bool]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.calls.append((len(x), x.requires_grad))

        outputs: Tensor = self.model(x)

        return outputs


def measure() -> dict[str, float]:
    """Return the time of a whole search over that of its calls alone."""

    model, flow = models()
    run = Run(batch_size=ROWS)
    noting = Noting(model).eval()
    goal = TargetClass(TARGET, CONFIDENCE)

    def whole(answer: nn.Module) -> None:
        search(fours(ROWS), answer, goal, Bounded(flow), None, run)

    whole(noting)
    place = Bounded(flow).inference() or Bounded(flow)
    keep_freed()

    with torch.no_grad():
        origin = flow.encode(fours(ROWS))

    def look(z: Tensor) -> Tensor:
        target = torch.full((len(z),), TARGET)

        return log_odds(model(place.decode(z)), target).sum()

    def replay() -> None:
        for rows, back in noting.calls:
            z = origin[:rows].clone().requires_grad_(back)

            with torch.set_grad_enabled(back):
                score = look(z)

            if back:
                torch.autograd.grad(score, z)

    return {"overhead": ratio(lambda: whole(model), replay)}
