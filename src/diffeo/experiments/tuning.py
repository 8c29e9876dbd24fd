"""Choose the one setting of each rival on validation digits."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from torch import Tensor, nn

from diffeo import zoo
from diffeo.data.mnist import mnist
from diffeo.experiments.fours import SOURCE, TARGET, digits_flow, right_digits
from diffeo.experiments.results import Reproduction, show_table
from diffeo.experiments.rivals import CONFIDENCES, Tunable, fit_prototypes, tunables
from diffeo.methods import Method
from diffeo.methods.prototypes import FittedPrototypes
from diffeo.models.flow.flow import Flow
from diffeo.search import Run

__all__ = [
    "QUICK_STEPS",
    "QUICK_TRAIN",
    "RUN",
    "read_tuning",
    "tune",
    "tune_mnist_comparison",
]

FILE = "tuning.json"
ROWS, QUICK_ROWS = 50, 1
RUN = Run(steps=1000)
QUICK_STEPS, QUICK_TRAIN = 20, 1_000


@dataclass(frozen=True, eq=False)
class Trial:
    """What all settings are tried on.

    Args:
        x: Fours.
        model: The classifier under explanation.
        flow: Coordinates.
        run: How long to search.
    """

    x: Tensor
    model: nn.Module
    flow: Flow
    run: Run

    def success(self, confidence: float, method: Method) -> float:
        """Return the share of fours that a method turns into nines."""

        record = method.explain(
            self.x,
            self.model,
            self.flow,
            target=TARGET,
            confidence=confidence,
            run=self.run,
        )

        return record.reached.double().mean().item()


def tune_mnist_comparison(how: Reproduction) -> dict[str, float]:
    """Tune all rivals of the comparison on 50 validation fours; write tuning.json.

    Args:
        how: Where the data are, where the results go, and whether to be quick.

    Returns:
        Chosen settings, their share of success, and the share of all others tried.
    """

    train = mnist("train", how.data)
    train = train.select(slice(QUICK_TRAIN if how.quick else None))
    model, flow = zoo.load("mnist-cnn"), digits_flow()
    prototypes = fit_prototypes(
        train, model, flow, steps=QUICK_STEPS if how.quick else None
    )
    results = tune(how, model, flow, prototypes)
    text = json.dumps(results, indent=2)
    (how.out / FILE).write_text(f"{text}\n", encoding="utf-8")
    show_table("Tuned on validation fours", results, {})

    return results


def tune(
    how: Reproduction, model: nn.Module, flow: Flow, prototypes: FittedPrototypes
) -> dict[str, float]:
    """Return the chosen settings of all rivals by name, for each confidence.

    Args:
        how: Where the data are, and whether to be quick.
        model: The classifier under explanation.
        flow: Coordinates.
        prototypes: Fitted to training data.
    """

    fours = right_digits(
        mnist("validation", how.data),
        model,
        digit=SOURCE,
        count=QUICK_ROWS if how.quick else ROWS,
    )
    run = replace(
        RUN, steps=QUICK_STEPS if how.quick else RUN.steps, progress=how.progress
    )
    trial = Trial(fours, model, flow, run)
    results: dict[str, float] = {}

    for prefix, confidence in CONFIDENCES.items():
        for name, tunable in tunables(prototypes).items():
            few = replace(tunable, values=tunable.values[:1])
            results |= _chosen(
                f"{prefix}{name}",
                few if how.quick else tunable,
                partial(trial.success, confidence),
            )

    return results


def read_tuning(folder: Path) -> dict[str, float]:
    """Return what a tuning wrote.

    Args:
        folder: Where it wrote.

    Raises:
        FileNotFoundError: If there was no tuning.
    """

    path = folder / FILE

    if not path.is_file():
        raise FileNotFoundError(
            f"the rivals must be tuned first, got no {path}; "
            "run diffeo tune mnist-comparison"
        )

    found: Mapping[str, float] = json.loads(path.read_text(encoding="utf-8"))

    return dict(found)


def _chosen(
    name: str, tunable: Tunable, success: Callable[[Method], float]
) -> dict[str, float]:
    shares: dict[float, float] = {}

    def share(value: float) -> float:
        shares[value] = success(tunable.method(value))

        return shares[value]

    best = tunable.choose(tunable.values, share)
    tried = {
        f"tried_{name}_{tunable.setting}_{value:g}_success": found
        for value, found in shares.items()
    }

    return {
        f"tuned_{name}_{tunable.setting}": best,
        f"tuned_{name}_success": shares[best],
        **tried,
    }
