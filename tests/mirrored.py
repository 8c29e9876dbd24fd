"""Made-up records, for whatever only shows them."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals, Outcome, SearchPath, Typicality


def synthetic(rows: int, shape: tuple[int, int, int], *, noise: float) -> Tensor:
    """Smooth images with noise, which a picture file cannot press."""

    generator = torch.Generator().manual_seed(0)
    small = torch.rand(rows, shape[0], 6, 6, generator=generator)
    smooth = torch.nn.functional.interpolate(small, size=shape[1:], mode="bilinear")
    rough = torch.rand(rows, *shape, generator=generator) - 0.5

    return (smooth + noise * rough).clamp(0, 1)


def record_of(x: Tensor) -> Counterfactuals:
    """A record in data space: counterfactuals are mirror images, of ever more steps."""

    rows = len(x)
    after = x.flip(-1)

    return Counterfactuals(
        factual=x,
        reconstruction=x.clone(),
        counterfactual=after,
        origin=x.flatten(1),
        latent=after.flatten(1),
        target=torch.ones(rows),
        outcome=torch.full((rows,), Outcome.REACHED).long(),
        steps=torch.arange(rows) + 8,
        outputs_before=torch.tensor([[2.0, -2.0]]).repeat(rows, 1),
        outputs_after=torch.tensor([[-3.0, 3.0]]).repeat(rows, 1),
        margin=torch.ones(rows),
        typical=torch.full((rows,), Typicality.TYPICAL).long(),
        seconds=torch.ones(rows),
        batch_size=rows,
        settings={
            "objective": {"name": "TargetClass", "target": 1, "confidence": 0.99}
        },
    )


def with_paths(record: Counterfactuals, points: int = 9) -> Counterfactuals:
    """The record with paths that blend from the factual to the counterfactual."""

    mix = torch.linspace(0, 1, points)[:, None]
    margin = torch.linspace(1 - points, 0, points)
    paths = tuple(
        SearchPath(torch.arange(points), start + mix * (end - start), margin)
        for start, end in zip(record.origin, record.latent, strict=True)
    )

    return replace(record, paths=paths)


def asked(record: Counterfactuals, objective: Mapping[str, object]) -> Counterfactuals:
    """The record of another objective."""

    return replace(record, settings={**record.settings, "objective": objective})
