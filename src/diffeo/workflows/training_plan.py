"""What a user asks of a training, how it is planned, and what is kept to resume it."""

import json
import math
import shlex
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import torch
from torch import Tensor, nn

from diffeo.evaluation.cache import content_key
from diffeo.shapes import Data
from diffeo.training.fit import CHECKPOINT
from diffeo.workflows.folders import check_place
from diffeo.workflows.results import write_results
from diffeo.workflows.train import FORMS, TrainingOptions

__all__ = [
    "ENOUGH",
    "EPOCH",
    "TRAINING",
    "FitOptions",
    "TrainingPlan",
    "draft_options",
    "mean_seconds",
    "plan_of",
]

PLAN = "plan.json"
ENOUGH = 2000  # steps that a form must get to be worth its size
TRAINING = 0.85  # of the minutes; the rest is for measuring and drawing
EPOCH = 0.3  # seconds of a pass beside its steps
TIMED = 2  # steps


@dataclass(frozen=True)
class FitOptions:
    """What a flow is to be fitted to, for how long, and where it is kept.

    Args:
        data: Where the images come from, as the user named it.
        weights: File for the weights, its name ending in ".safetensors".
        minutes: Time for all of it.
        epochs: Passes over the images; as many as fit into the minutes if not given.
        seed: Seed of the first weights, of the order of the images and of noise.
        device: Where to compute.
        progress: Whether to show a bar.
        given: Columns of a table that explanations are to leave as they are: the flow
            learns the others given these.
        asked: Further options of the command, by name, for the card of the weights.

    Raises:
        ValueError: If a number is not positive.

    Example:
        >>> FitOptions("faces", Path("flow.safetensors"), minutes=20.0).folder.name
        'flow.training'
    """

    data: str
    weights: Path
    minutes: float = 60.0
    epochs: int | None = None
    seed: int = 0
    device: str = "cpu"
    progress: bool = True
    given: tuple[str, ...] = ()
    asked: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.minutes < math.inf:
            raise ValueError(f"minutes must be positive, got {self.minutes}")

        TrainingOptions(self.weights, 1 if self.epochs is None else self.epochs)

    @property
    def folder(self) -> Path:
        """Where an unfinished training is kept."""

        return self.weights.with_suffix(".training")

    def command(self, epochs: int) -> str:
        """Return the command that fits the flow again, on whatever machine.

        Args:
            epochs: Passes that were made.

        Example:
            >>> options = FitOptions("x", Path("flow.safetensors"), given=("age",))
            >>> options.command(7)
            'diffeo fit x --given age --minutes 60 --epochs 7 --seed 0'
        """

        named = {
            **self.asked,
            "given": ",".join(self.given),
            "minutes": f"{self.minutes:g}",
            "epochs": epochs,
            "seed": self.seed,
        }
        words = ["diffeo", "fit", self.data]

        for name, value in named.items():
            if value not in (None, ""):
                words += [f"--{name}", str(value)]

        return shlex.join(words)


@dataclass(frozen=True)
class TrainingPlan:
    """How a flow is trained.

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

    def words(self, shape: tuple[int, ...]) -> Iterator[str]:
        """Yield what is done and why, and what to expect, in sentences.

        Args:
            shape: Shape of an image.
        """

        sides = "×".join(map(str, shape))
        seconds = self.steps * self.seconds + self.epochs * EPOCH
        end = datetime.now().astimezone() + timedelta(seconds=seconds)

        yield (
            f"A {self.form} Glow for images of {sides}: the largest of "
            f"{', '.join(FORMS)} that gets {ENOUGH:,} steps in the time, else the "
            "smallest."
        )
        yield (
            f"A step of {self.batch_size} images takes {self.seconds:.2g} s: "
            f"{self.steps:,} steps, {self.epochs} passes over {self.images:,} images, "
            f"about {seconds / 60:.2g} minutes, until {end:%H:%M}."
        )
        yield f"Expect {self._expected()}"

    def _expected(self) -> str:
        if self.steps < ENOUGH // 4:
            return (
                "colors and light, hardly forms: a first look, to see that all works. "
                "A useful flow takes thousands of steps."
            )

        if self.steps < 5 * ENOUGH:
            return "coarse forms: counterfactuals that can be read, not fine detail."

        return "forms in detail, where there are thousands of images."


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
    if not path.is_file():
        raise FileNotFoundError(f"a training to resume must have left {path}, got none")

    kept, plan = _read_plan(path)
    differing = [key for key in request if request[key] != kept.get(key)]

    if differing:
        raise ValueError(
            f"the training to resume must be the same, got {path.parent} of another, "
            f"which differs in {', '.join(differing)}"
        )

    return plan


def _read_plan(path: Path) -> tuple[dict[str, object], TrainingPlan]:
    """Return the request and the plan that a file keeps."""

    try:
        kept = json.loads(path.read_text(encoding="utf-8"))

        return dict(kept["request"]), TrainingPlan(**kept["plan"])
    except (LookupError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(
            f"the plan to resume must be as it was written, got {path}, which was "
            f"changed ({type(error).__name__}: {error}); pass --overwrite to start anew"
        ) from None
