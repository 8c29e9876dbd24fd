"""Images a second against the batch size, and at the size found by itself."""

from statistics import median

import torch

from benchmarks.fours import TURNS, fours, models, search_fours, seconds
from diffeo.coordinates.bounded import Bounded
from diffeo.memory import keep_freed
from diffeo.objectives import log_odds
from diffeo.search import Run
from reproduction.mnist.setup import TARGET

__all__ = ["measure"]

SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256]
LEAST = 64  # images in one measurement


def measure() -> dict[str, float]:
    """Return the rate at each size, and of the size found over the best."""

    model, flow = models()
    place = Bounded(flow).inference() or Bounded(flow)
    keep_freed()
    images = fours(max(SIZES))

    with torch.no_grad():
        origin = torch.cat([flow.encode(x) for x in images.split(64)])

    def step(rows: int) -> None:
        z = origin[:rows].clone().requires_grad_()
        target = torch.full((rows,), TARGET)
        torch.autograd.grad(log_odds(model(place.decode(z)), target).sum(), z)

    def rate(rows: int) -> float:
        times = max(1, LEAST // rows)

        def steps() -> None:
            for _ in range(times):
                step(rows)

        return rows * times / seconds(steps)

    found = search_fours(len(images), Run(steps=1)).batch_size
    sizes = sorted({*SIZES, found})
    turns = [{size: rate(size) for size in sizes} for _ in range(TURNS)]
    rates = {size: median(turn[size] for turn in turns) for size in sizes}
    best = max(rates.values())

    return {
        "auto_batch_size": float(found),
        "auto_batch_share": rates[found] / best,
        "batch_gain": best / rates[1],
        **{f"images_per_second_{size}": rates[size] for size in sizes},
    }
