"""Records of counterfactuals without a search."""

import torch
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals, Outcome


def record(
    factual: Tensor, counterfactual: Tensor, *, target: int = 1, classes: int = 3
) -> Counterfactuals:
    """A record whose rows all reached their target, with made-up answers."""

    rows = len(factual)
    before, after = torch.zeros(2, rows, classes, dtype=factual.dtype)
    before[:, 0], after[:, target] = 5.0, 5.0

    return Counterfactuals(
        factual=factual,
        reconstruction=factual.clone(),
        counterfactual=counterfactual,
        origin=factual.flatten(1).clone(),
        latent=counterfactual.flatten(1).clone(),
        target=torch.full((rows,), float(target), dtype=factual.dtype),
        outcome=torch.full((rows,), int(Outcome.REACHED)),
        steps=torch.ones(rows, dtype=torch.long),
        outputs_before=before,
        outputs_after=after,
        margin=torch.ones(rows, dtype=factual.dtype),
        typical=torch.ones(rows, dtype=torch.long),
        seconds=torch.full((rows,), 0.5, dtype=factual.dtype),
        batch_size=rows,
        settings={
            "objective": {"name": "TargetClass", "target": target, "confidence": 0.99}
        },
    )
