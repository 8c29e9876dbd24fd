"""The methods that are compared, and the settings that each is tuned by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

from torch import Tensor, nn

from diffeo.ascents import Ascent, Box
from diffeo.distances import DataDistance, Distance, LatentDistance
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.oracle_training import (
    AutoencoderSettings,
    ClassifierSettings,
    trained_autoencoder,
    trained_classifier,
)
from diffeo.evaluation.oracles import classifier_oracle
from diffeo.methods import (
    Bisected,
    FallingPrice,
    GradientMethod,
    Method,
    PrototypeObjective,
    RandomSearch,
    adversarial,
    diffeomorphic,
    prototypes,
    revise,
    wachter,
)
from diffeo.objectives import Agreed, Objective, Smoothed
from diffeo.search import Run, default_ascent
from reproduction.experiment import ExperimentOptions
from reproduction.mnist.setup import IN_X, PAPER, Setup
from reproduction.wanting import wanting

__all__ = [
    "CONFIDENCES",
    "HALF_ROWS",
    "OURS",
    "RATES",
    "TUNABLES",
    "Entry",
    "Fitted",
    "Tunable",
    "Tuned",
    "entries",
    "frontier_entries",
]

CONFIDENCES = {"": 0.99, "half_": 0.5}
HALF_ROWS: Mapping[str, int] = {
    "diffeomorphic": 50,
    "adversarial": 50,
    "closest": 50,
    "closest_data": 50,
    "agreed_data": 50,
    "wachter": 50,
    "prototypes_published": 50,
    "revise": 20,
    "prototypes": 20,
    "natural": 10,
}
"""The methods that are searched at confidence 0.5 too, and how many rows of each."""

OURS = "diffeomorphic"
RATES = 0.35, 0.7, 1.4
"""Half, once and twice the longest step of the default ascent."""

ATTRACTIONS = 0.1, 1.0, 10.0, 100.0
ALL_CLASSES = AutoencoderSettings(latent=32)
REFERENCES = 10_000  # first training digits, among which prototypes are looked for
LIKENESS = 100.0  # γ as published, where data are moved
PATIENCE = 1000  # steps that Adam may take without a gain at rates as published
STEADY = partial(Smoothed, draws=4, itself=True)
SEEDS = 1, 2  # of the classifiers that are to agree with the one explained

Tuned = Mapping[str, float]
"""The settings chosen, by the names `METHOD_SETTING`."""


More = Callable[[Objective], Objective]
"""From a goal to what is wanted in its place."""


@dataclass(frozen=True)
class Effort:
    """How much work the costly methods are given.

    Args:
        rounds: Searches at a price of a bisected method.
        budget: Samples of the natural method for each row.
        samples: Those in each shell.
    """

    rounds: int = 8
    budget: int = 5000
    samples: int = 500


@dataclass(frozen=True)
class Entry:
    """A method of the comparison, and how it is searched.

    Args:
        method: What is searched.
        rows: Most rows, for methods that take long.
        closest: Distances to minimize once rows are at their targets.
        closest_steps: Most steps for each of them.
        patience: Steps without a gain that a row may take, if not the usual.
    """

    method: Method
    rows: int | None = None
    closest: tuple[Distance, ...] = ()
    closest_steps: int = Run.closest_steps
    patience: int = Run.patience


@dataclass(frozen=True, eq=False)
class Fitted:
    """What methods need to know besides the model and the flow.

    Args:
        in_z: Prototypes in the flow's coordinates.
        in_x: Prototypes in the encodings of an autoencoder.
        others: Classifiers that are to agree with the one explained.
        effort: How much work the costly methods are given.
    """

    in_z: PrototypeObjective
    in_x: PrototypeObjective
    others: tuple[nn.Module, ...]
    effort: Effort

    @classmethod
    def fit(cls, setup: Setup, options: ExperimentOptions) -> "Fitted":
        """Fit prototypes to training digits that the classifier finds to be targets.

        Args:
            setup: The training digits, the classifier and the flow.
            options: Whether to be quick: to hardly train anything.
        """

        how, other, effort = ALL_CLASSES, ClassifierSettings(), Effort()

        if options.quick:
            how, other = replace(how, steps=20), replace(other, width=2, steps=10)
            effort = Effort(rounds=1, budget=40, samples=20)

        train, model, cache = setup.train, setup.model, Cache.usual()
        autoencoder = trained_autoencoder(train.images, how, cache)
        encoder = nn.Sequential(
            *list(autoencoder.children())[: 2 + 2 * len(how.hidden)]
        )
        x = train.images[:REFERENCES]
        x = x[classifier_oracle(model)(x) == setup.target]
        fit = partial(PrototypeObjective.from_data, x, model, autoencoder=autoencoder)

        return cls(
            fit(setup.flow.encode),
            replace(fit(encoder), encoder=encoder, likeness=LIKENESS),
            tuple(
                trained_classifier(train, replace(other, seed=seed), cache)
                for seed in SEEDS
            ),
            effort,
        )


@dataclass(frozen=True)
class Tunable:
    """A method with one setting to choose.

    Args:
        setting: Its name.
        values: Values to choose from.
        method: From a value, the settings chosen before and what was fitted to the
            method.
        rows: Validation rows that it is tried on.
    """

    setting: str
    values: tuple[float, ...]
    method: Callable[[float, Tuned, Fitted], Method]
    rows: int


def in_x(rate: float) -> Ascent:
    """Return the default ascent of pixels.

    Args:
        rate: Length of the longest step.
    """

    return Box(default_ascent(rate), 0.0, 1.0)


def _bisected(
    method: Callable[..., GradientMethod], ascent: Ascent, fitted: Fitted
) -> Bisected:
    return Bisected(partial(method, ascent=ascent), rounds=fitted.effort.rounds)


def _prototypes(
    objective: PrototypeObjective, ascent: Ascent, theta: float, fitted: Fitted
) -> Bisected:
    objective = replace(objective, attraction=theta)

    def priced(weight: Tensor) -> GradientMethod:
        return prototypes(replace(objective, weight=weight), ascent)

    return Bisected(priced, objective.distance, rounds=fitted.effort.rounds)


TUNABLES: dict[str, Tunable] = {
    OURS: Tunable(
        "rate", RATES, lambda rate, *_: diffeomorphic(default_ascent(rate)), rows=25
    ),
    "adversarial": Tunable(
        "rate", RATES, lambda rate, *_: adversarial(in_x(rate)), rows=50
    ),
    "wachter": Tunable(
        "rate",
        RATES,
        lambda rate, _, fitted: _bisected(wachter, in_x(rate), fitted),
        rows=25,
    ),
    "revise": Tunable(
        "rate",
        RATES,
        lambda rate, _, fitted: _bisected(revise, default_ascent(rate), fitted),
        rows=8,
    ),
    "prototypes": Tunable(
        "attraction",
        ATTRACTIONS,
        lambda theta, tuned, fitted: _prototypes(
            fitted.in_z, default_ascent(tuned["revise_rate"]), theta, fitted
        ),
        rows=8,
    ),
    "prototypes_published": Tunable(
        "attraction",
        ATTRACTIONS,
        lambda theta, tuned, fitted: _prototypes(
            fitted.in_x, in_x(tuned["wachter_rate"]), theta, fitted
        ),
        rows=15,
    ),
}
"""In the order in which they are tuned: prototypes step as long as revise, or wachter,
in the same space."""

ROWS = {"revise": 50, "prototypes": 50, "prototypes_published": 50, "wachter": 100}


def entries(tuned: Tuned, fitted: Fitted) -> dict[str, Entry]:
    """Return all methods of the comparison by name, as tuned or as published.

    Args:
        tuned: The settings chosen.
        fitted: What methods need to know.
    """

    found = {
        name: Entry(
            each.method(tuned[f"{name}_{each.setting}"], tuned, fitted),
            rows=ROWS.get(name),
        )
        for name, each in TUNABLES.items()
    }
    ascent = default_ascent(tuned[f"{OURS}_rate"])
    plain, latent = found[OURS], LatentDistance()
    nearest = Entry(
        plain.method, rows=100, closest=(latent, DataDistance()), closest_steps=20
    )
    agreed = GradientMethod(ascent, partial(Agreed, models=fitted.others))
    budget, samples = fitted.effort.budget, fitted.effort.samples

    return {
        **found,
        "natural": Entry(RandomSearch(samples=samples, budget=budget), rows=20),
        "closest": replace(plain, closest=(latent,)),
        "closest_data": nearest,
        "agreed": Entry(agreed, rows=50),
        "agreed_data": replace(nearest, method=agreed),
        "smoothed": Entry(GradientMethod(ascent, Smoothed), rows=25),
        "adversarial_published": Entry(IN_X, 50, patience=PATIENCE),
        "diffeomorphic_published": Entry(PAPER, 50, patience=PATIENCE),
    }


def frontier_entries(tuned: Tuned, fitted: Fitted) -> dict[str, Entry]:
    """Return methods of the frontier alone.

    They are ascent at a falling price, with one classifier, with one averaged over a
    neighborhood and with those that "agreed" asks, and revise and prototypes in Z with
    the same average and with the same classifiers.

    Args:
        tuned: The settings chosen; those of the rivals where they ask one classifier.
        fitted: What methods need to know.
    """

    ascent, theta = default_ascent(tuned["revise_rate"]), tuned["prototypes_attraction"]
    plain = diffeomorphic(default_ascent(tuned[f"{OURS}_rate"]))
    more: dict[str, More] = {
        "agreed": partial(Agreed, models=fitted.others),
        "smoothed": STEADY,
    }
    ours = {"falling_price": FallingPrice(plain)} | {
        f"falling_price_{how}": FallingPrice(wanting(plain, what))
        for how, what in more.items()
    }
    rivals = {
        "revise": _bisected(revise, ascent, fitted),
        "prototypes": _prototypes(fitted.in_z, ascent, theta, fitted),
    }

    return {
        **{name: Entry(each, closest=(DataDistance(),)) for name, each in ours.items()},
        **{
            f"{name}_{how}": Entry(replace(rival, method=partial(_more, rival, what)))
            for (name, rival), (how, what) in product(rivals.items(), more.items())
        },
    }


def _more(rival: Bisected, what: More, weight: Tensor) -> GradientMethod:
    return wanting(rival.method(weight), what)
