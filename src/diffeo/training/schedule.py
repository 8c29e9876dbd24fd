"""How weights are updated, and how fast over time."""

from dataclasses import dataclass

import pytorch_lightning as lightning
import torch
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from diffeo.training.augmentation import RandomCrop
from diffeo.training.batches import to_images

__all__ = ["Schedule", "Scheduled"]


@dataclass(frozen=True)
class Schedule:
    """AdamW with a short warm-up, a plateau and a linear decay to almost nothing.

    Args:
        rate: Learning rate of the plateau.
        warmup: Steps until the plateau.
        plateau: Share of all steps before the decay begins, in [0, 1).
        decay: Weight decay of AdamW.
        momentum: Share of the moving average of gradients that a step keeps, in [0, 1).

    Example:
        >>> Schedule(warmup=10).factor(4, steps=100)
        0.5
    """

    rate: float = 2e-3
    warmup: int = 200
    plateau: float = 0.3
    decay: float = 0.0
    momentum: float = 0.9

    def factor(self, step: int, steps: int) -> float:
        """Return the rate at a step as a share of the plateau's.

        Args:
            step: The step, counted from 0.
            steps: Number of steps of the whole training.
        """

        rising = min(1.0, (step + 1) / self.warmup)
        falling = (1 - step / max(1, steps)) / (1 - self.plateau)

        return rising * max(0.003, min(1.0, falling))

    def optimizer(self, model: nn.Module, steps: int) -> OptimizerLRScheduler:
        """Return what a Lightning module's `configure_optimizers` must.

        Args:
            model: The model whose parameters are updated.
            steps: Number of steps of the whole training.
        """

        optimizer = torch.optim.AdamW(
            model.parameters(),
            lr=self.rate,
            weight_decay=self.decay,
            betas=(self.momentum, 0.99),
        )
        scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: self.factor(step, steps)
        )

        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }


class Scheduled(lightning.LightningModule):
    """A model whose weights are updated by a schedule, with those of other parts.

    Args:
        model: The model that is kept.
        schedule: The optimizer and its learning rate.
        seed: Seed of what a training step draws, crops among it.
        crop: What is cut out of training images; held-out ones are squares already.

    Example:
        >>> module = Scheduled(nn.Linear(2, 1), Schedule(rate=0.1), seed=3)
        >>> module.training_images(torch.ones(1, 1, 1, 1), torch.Generator()).item()
        1.0
    """

    figure: str | None = None
    """What validation logs and the weights that are kept have the least of."""

    def __init__(
        self,
        model: nn.Module,
        schedule: Schedule,
        *,
        seed: int,
        crop: RandomCrop | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.schedule = schedule
        self.seed = seed
        self.crop = crop

    def step_seed(self) -> int:
        """Return a seed that the current step owns."""

        return self.seed * 1_000_003 + self.global_step

    def step_generator(self) -> torch.Generator:
        """Return a generator of draws that the current step owns."""

        return torch.Generator().manual_seed(self.step_seed())

    def share(self) -> float:
        """Return how much of the training is over, in [0, 1]."""

        return self.global_step / int(self.trainer.estimated_stepping_batches)

    def training_images(self, pixels: Tensor, generator: torch.Generator) -> Tensor:
        """Return what is cut out of a training batch, in [0, 1].

        Args:
            pixels: Images, as bytes or as floats in [0, 1].
            generator: Source of the crops.
        """

        x = to_images(pixels)

        return self.crop(x, generator=generator) if self.crop else x

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Return the optimizer and its schedule."""

        steps = int(self.trainer.estimated_stepping_batches)

        return self.schedule.optimizer(self, steps)
