"""The methods that are compared on fours to nines, and what each is tuned by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from torch import nn

from diffeo.data.mnist import Digits
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.judges import AutoencoderSettings, autoencoder
from diffeo.experiments.fours import TARGET
from diffeo.methods import (
    Adversarial,
    Diffeomorphic,
    Method,
    Natural,
    Prototypes,
    Revise,
    Wachter,
)
from diffeo.methods.prototypes import FittedPrototypes
from diffeo.models.flow.flow import Flow

__all__ = [
    "CONFIDENCES",
    "OURS",
    "UNTUNED",
    "Tunable",
    "fit_prototypes",
    "tunables",
    "tuned_methods",
]

CONFIDENCES = {"": 0.99, "half_": 0.5}
OURS = "diffeomorphic"
UNTUNED: Mapping[str, Method] = {OURS: Diffeomorphic(), "adversarial": Adversarial()}
ENOUGH = 0.99
SHELLS = 10  # that the budget of the natural method allows for
ALL_CLASSES = AutoencoderSettings(latent=32)

Success = Callable[[float], float]


@dataclass(frozen=True)
class Tunable:
    """A method with one setting to choose.

    Args:
        setting: Its name.
        values: To choose from, in the order in which they are tried.
        method: With a value set.
        choose: From the values and the share that succeeds with each, the best.
    """

    setting: str
    values: tuple[float, ...]
    method: Callable[[float], Method]
    choose: Callable[[tuple[float, ...], Success], float]


def tunables(prototypes: FittedPrototypes) -> dict[str, Tunable]:
    """Return all rivals that have a setting to choose.

    Prices grow as long as enough rows succeed: with λ before the prediction, as Wachter
    et al. and, as c, Van Looveren and Klaise have it, that is the smallest that
    succeeds. Of Joshi et al., whose λ is before the distance, it is the greatest; the
    smallest would be our method. The budget is the smallest that succeeds.

    Args:
        prototypes: Fitted to training data.
    """

    def near(weight: float) -> Method:
        return replace(prototypes, settings=replace(prototypes.settings, weight=weight))

    def sampling(budget: float) -> Method:
        return Natural(samples=int(budget) // SHELLS, budget=int(budget))

    prices = 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0

    return {
        "wachter": Tunable("weight", prices, Wachter, greatest),
        "revise": Tunable("weight", prices, Revise, greatest),
        "natural": Tunable("budget", (200.0, 400.0, 800.0), sampling, smallest),
        "prototypes": Tunable("weight", prices, near, greatest),
    }


def tuned_methods(
    tuning: Mapping[str, float], prefix: str, prototypes: FittedPrototypes
) -> dict[str, Method]:
    """Return all methods as tuned.

    Args:
        tuning: From names to numbers, as the tuning wrote them.
        prefix: Of the confidence, one of CONFIDENCES.
        prototypes: Fitted to training data.

    Raises:
        ValueError: If the tuning lacks a method.
    """

    methods = dict(UNTUNED)

    for name, tunable in tunables(prototypes).items():
        key = f"tuned_{prefix}{name}_{tunable.setting}"

        if key not in tuning:
            raise ValueError(
                f"the tuning must have {key}, got {', '.join(tuning)}; "
                "run diffeo tune mnist-comparison again"
            )

        methods[name] = tunable.method(tuning[key])

    return methods


def fit_prototypes(
    train: Digits, model: nn.Module, flow: Flow, *, steps: int | None = None
) -> FittedPrototypes:
    """Return prototypes of nines, with an autoencoder of all digits.

    Args:
        train: Training digits.
        model: The classifier under explanation.
        flow: Where prototypes live.
        steps: Of the autoencoder's training, if not the usual.
    """

    how = ALL_CLASSES if steps is None else replace(ALL_CLASSES, steps=steps)
    every = autoencoder(train.images, how, Cache.usual())
    nines = train.select(train.labels == TARGET).images

    return Prototypes().fit(nines, model, flow, autoencoder=every)


def greatest(values: tuple[float, ...], success: Success) -> float:
    """Return the last value before the first with which too few rows succeed.

    If already the first fails, that is the best there is.
    """

    best = values[0]

    for value in values:
        if success(value) < ENOUGH:
            break

        best = value

    return best


def smallest(values: tuple[float, ...], success: Success) -> float:
    """Return the first value with which enough rows succeed, else the most do."""

    shares: dict[float, float] = {}

    for value in values:
        shares[value] = success(value)

        if shares[value] >= ENOUGH:
            return value

    return max(shares, key=lambda value: shares[value])
