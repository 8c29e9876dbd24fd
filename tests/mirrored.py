"""Made-up records, for whatever only shows them."""

import torch
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.report.path_frames import Reel


def synthetic(rows: int, shape: tuple[int, int, int], *, noise: float) -> Tensor:
    """Smooth images with noise, which a picture file cannot press."""

    generator = torch.Generator().manual_seed(0)
    small = torch.rand(rows, shape[0], 6, 6, generator=generator)
    smooth = torch.nn.functional.interpolate(small, size=shape[1:], mode="bilinear")
    rough = torch.rand(rows, *shape, generator=generator) - 0.5

    return (smooth + noise * rough).clamp(0, 1)


def record_of(x: Tensor) -> Counterfactuals:
    """A record whose counterfactuals are mirror images, of ever more steps."""

    rows = len(x)
    after = x.flip(3)

    return Counterfactuals(
        factual=x,
        reconstruction=(x + 0.01).clamp(0, 1),
        counterfactual=after,
        origin=x.flatten(1)[:, :4],
        latent=after.flatten(1)[:, :4],
        target=torch.ones(rows),
        outcome=torch.full((rows,), Outcome.REACHED).long(),
        steps=torch.arange(rows) + 8,
        outputs_before=torch.tensor([[2.0, -2.0]]).expand(rows, -1),
        outputs_after=torch.tensor([[-3.0, 3.0]]).expand(rows, -1),
        margin=torch.ones(rows),
        typical=torch.ones(rows, dtype=torch.long),
        seconds=torch.ones(rows),
        batch_size=rows,
        settings={
            "objective": {"name": "TargetClass", "target": 1, "confidence": 0.99}
        },
    )


def films_of(record: Counterfactuals) -> list[Reel]:
    """Films that blend from the factual to the counterfactual."""

    before, after = record.factual, record.counterfactual
    mix = torch.linspace(0, 1, 9)[:, None, None, None]

    return [
        Reel(
            tuple(range(9)),
            tuple(float(step) for step in range(-8, 1)),
            before[row] + mix * (after[row] - before[row]),
        )
        for row in range(len(record))
    ]
