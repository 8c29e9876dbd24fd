"""How a training is planned, and what is kept to resume it."""

import json
import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from diffeo.evaluation.cache import content_key
from diffeo.shapes import Data
from diffeo.training.fit import CHECKPOINT
from diffeo.workflows.fit.options import FitOptions
from diffeo.workflows.folders import check_place, write_results
from diffeo.workflows.train.module import TrainingOptions

__all__ = [
    "ENOUGH",
    "EPOCH",
    "TRAINING",
    "TrainingPlan",
    "draft_options",
    "hold_out",
    "mean_seconds",
    "plan_of",
]

PLAN = "plan.json"
ENOUGH = 2000  # steps that a form must get to be worth its size
TRAINING = 0.85  # of the minutes; the rest is for measuring and drawing
EPOCH = 0.3  # seconds of a pass beside its steps
TIMED = 2  # steps
HELD_OUT = 10  # one datum in so many


@dataclass(frozen=True)
class TrainingPlan:
    """How a model is trained.

    Args:
        form: Name of its size.
        seconds: Time that a step was seen to take.
        images: How many are trained on.
        batch_size: Images of a step.
        epochs: Passes over the images.

    Raises:
        ValueError: If there is no image, none in a batch, or no pass.

    Example:
        >>> TrainingPlan("small", 0.5, images=160, batch_size=16, epochs=3).steps
        30
    """

    form: str
    seconds: float
    images: int
    batch_size: int
    epochs: int

    def __post_init__(self) -> None:
        counts = self.images, self.batch_size, self.epochs

        if not all(isinstance(count, int) and count >= 1 for count in counts):
            raise ValueError(
                "images, batch_size and epochs must be whole numbers of at least 1, "
                f"got {', '.join(map(str, counts))}"
            )

        if not 0 <= self.seconds < math.inf:
            raise ValueError(f"seconds must be a time, got {self.seconds}")

    @property
    def steps(self) -> int:
        """Number of steps of the whole training."""

        return self.epochs * max(1, self.images // self.batch_size)

    def __str__(self) -> str:
        """Return how long the training is."""

        return f"{self.epochs} passes, {self.steps:,} steps of {self.batch_size}"

    @property
    def minutes(self) -> float:
        """Time that it is to take, as far as is known."""

        return (self.steps * self.seconds + self.epochs * EPOCH) / 60


def hold_out(
    x: Data, what: str, kind: str, *, most: int | None = None
) -> tuple[Tensor, Tensor]:
    """Return the data to train on, and every tenth of them apart.

    Args:
        x: All data.
        what: What they are called as a whole.
        kind: What each of them is called.
        most: How many are held out at most; a tenth of however many if not given.

    Raises:
        ValueError: If there are too few.

    Example:
        >>> [len(part) for part in hold_out(torch.zeros(40, 2), "a table", "rows")]
        [36, 4]
    """

    if len(x) < HELD_OUT:
        raise ValueError(f"{what} must have at least {HELD_OUT} {kind}, got {len(x)}")

    every = max(HELD_OUT, math.ceil(len(x) / most)) if most else HELD_OUT
    apart = torch.arange(len(x)) % every == every - 1

    return x[~apart], x[apart]


def mean_seconds(model: nn.Module, loss: Callable[[], Tensor]) -> float:
    """Return how long a step of a training takes, the first of all left out.

    Args:
        model: The model that is trained; its parameters stay as they are.
        loss: Returns the loss of a batch.

    Example:
        >>> model = nn.Linear(1, 1)
        >>> mean_seconds(model, lambda: model(torch.ones(1)).sum()) < 1
        True
    """

    optimizer, times = torch.optim.AdamW(model.parameters(), lr=0.0), []

    for _ in range(1 + TIMED):
        start = time.monotonic()
        found = loss()
        optimizer.zero_grad()
        found.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        found.item()  # wait for an accelerator
        times.append(time.monotonic() - start)

    return sum(times[1:]) / TIMED


def draft_options(plan: TrainingPlan, options: FitOptions) -> TrainingOptions:
    """Return how to train in the folder beside the weights, going on if it is begun.

    Args:
        plan: For how long.
        options: Where to keep what.

    Example:
        >>> plan = TrainingPlan("small", 0.5, images=160, batch_size=16, epochs=3)
        >>> how = draft_options(plan, FitOptions("x", Path("flow.safetensors")))
        >>> how.weights.as_posix(), how.resume
        ('flow.training/flow.safetensors', False)
    """

    return TrainingOptions(
        options.folder / options.weights.name,
        plan.epochs,
        plan.batch_size,
        options.seed,
        (options.folder / CHECKPOINT).is_file(),
        options.progress,
        device=options.device,
    )


def plan_of(
    x: Data, options: FitOptions, make: Callable[[], TrainingPlan], *, resume: bool
) -> TrainingPlan:
    """Return the plan of a training that was interrupted, or begin one with a new plan.

    It is kept in the folder of the training, in place of any other.

    Args:
        x: All data.
        options: What is asked for.
        make: Returns a new plan.
        resume: Whether to go on with the training that is there.

    Raises:
        FileNotFoundError: If there is none to resume.
        NotADirectoryError: If the folder cannot be made.
        ValueError: If it was another training.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> x, plan = torch.zeros(20, 1, 2, 2), TrainingPlan("small", 0.1, 18, 18, 1)
        >>> with TemporaryDirectory() as folder:
        ...     options = FitOptions("noise", Path(folder, "flow.safetensors"))
        ...     _ = plan_of(x, options, lambda: plan, resume=False)
        ...     plan_of(x, options, lambda: None, resume=True).epochs
        1
    """

    request = {
        "data": content_key([x], {}),
        "minutes": options.minutes,
        "epochs": options.epochs,
        "seed": options.seed,
        "given": list(options.given),
        "generator": options.generator,
    }
    path = options.folder / PLAN

    if resume:
        return _kept_plan(path, request)

    check_place(options.folder)
    plan = make()
    shutil.rmtree(options.folder, ignore_errors=True)
    kept = {"request": request, "plan": asdict(plan)}
    write_results(kept, options.folder, PLAN)

    return plan


def _kept_plan(path: Path, request: Mapping[str, object]) -> TrainingPlan:
    """Return the plan that a file keeps, if it is of the same request."""

    if not path.is_file():
        raise FileNotFoundError(f"a training to resume must have left {path}, got none")

    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        earlier, plan = dict(kept["request"]), TrainingPlan(**kept["plan"])
    except (LookupError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(
            f"the plan to resume must be as it was written, got {path}, which was "
            f"changed ({type(error).__name__}: {error}); pass --overwrite to start anew"
        ) from None

    differing = [key for key in request if request[key] != earlier.get(key)]

    if differing:
        raise ValueError(
            f"the training to resume must be the same, got {path.parent} of another, "
            f"which differs in {', '.join(differing)}"
        )

    return plan
