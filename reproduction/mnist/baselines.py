"""The methods that are compared on fours to nines, and what each is tuned by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from diffeo.evaluation.cache import Cache
from diffeo.evaluation.oracle_training import (
    AutoencoderSettings,
    trained_autoencoder,
)
from diffeo.methods import (
    Method,
    PrototypeObjective,
    RandomSearch,
    prototypes,
    revise,
    wachter,
)
from reproduction.experiment import ExperimentOptions
from reproduction.mnist.setup import IN_X, IN_Z, TARGET, Setup

__all__ = [
    "CONFIDENCES",
    "ENOUGH",
    "OURS",
    "Tunable",
    "fit_prototypes",
    "greatest",
    "smallest",
    "tunables",
    "tuned_methods",
]

CONFIDENCES = {"": 0.99, "half_": 0.5}
OURS = "diffeomorphic"
UNTUNED: Mapping[str, Method] = {OURS: IN_Z, "adversarial": IN_X}
ENOUGH = 0.99
SHELLS = 10  # that the budget of the natural method allows for
ALL_CLASSES = AutoencoderSettings(latent=32)
WEIGHTS = 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0

Success = Callable[[float], float]


@dataclass(frozen=True)
class Tunable:
    """A method with one setting to choose.

    Args:
        setting: Its name.
        values: Values to choose from, in the order in which they are tried.
        method: From a value to the method.
        choose: From the values and the share that succeeds with each, the best.
    """

    setting: str
    values: tuple[float, ...]
    method: Callable[[float], Method]
    choose: Callable[[tuple[float, ...], Success], float]


def tunables(objective: PrototypeObjective) -> dict[str, Tunable]:
    """Return all baselines that have a setting to choose.

    Weights grow as long as enough rows succeed: with λ before the prediction, as
    Wachter et al. and, as c, Van Looveren and Klaise have it, that is the smallest that
    succeeds. Of Joshi et al., whose λ is before the distance, it is the greatest; the
    smallest would be our method. The budget is the smallest that succeeds.

    Args:
        objective: Prototypes fitted to training data.
    """

    def near(weight: float) -> Method:
        return prototypes(replace(objective, weight=weight))

    def sampling(budget: float) -> Method:
        return RandomSearch(samples=int(budget) // SHELLS, budget=int(budget))

    return {
        "wachter": Tunable("weight", WEIGHTS, wachter, greatest),
        "revise": Tunable("weight", WEIGHTS, revise, greatest),
        "natural": Tunable("budget", (200.0, 400.0, 800.0), sampling, smallest),
        "prototypes": Tunable("weight", WEIGHTS, near, greatest),
    }


def tuned_methods(
    tuning: Mapping[str, float], prefix: str, objective: PrototypeObjective
) -> dict[str, Method]:
    """Return all methods as tuned.

    Args:
        tuning: From names to numbers, as the tuning wrote them.
        prefix: Of the confidence, one of CONFIDENCES.
        objective: Prototypes fitted to training data.

    Raises:
        ValueError: If the tuning lacks a method.
    """

    methods = dict(UNTUNED)

    for name, tunable in tunables(objective).items():
        key = f"tuned_{prefix}{name}_{tunable.setting}"

        if key not in tuning:
            raise ValueError(
                f"the tuning must have {key}, got {', '.join(tuning)}; "
                "run python -m reproduction tune mnist-comparison again"
            )

        methods[name] = tunable.method(tuning[key])

    return methods


def fit_prototypes(setup: Setup, options: ExperimentOptions) -> PrototypeObjective:
    """Return prototypes of nines, with an autoencoder of all digits.

    Args:
        setup: The training digits, the classifier, and the flow where prototypes live.
        options: Whether to be quick: to hardly train the autoencoder.
    """

    how = replace(ALL_CLASSES, steps=20) if options.quick else ALL_CLASSES
    every = trained_autoencoder(setup.train.images, how, Cache.usual())
    nines, model, flow = setup.train.of(TARGET), setup.model, setup.flow

    return PrototypeObjective.fit(nines, model, flow, autoencoder=every)


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
