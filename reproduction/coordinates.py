"""The same images in coordinates of several kinds, before the same judges."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import torch

from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates, decode_with, start_memory
from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.intervals import UNKNOWN, interval_of
from diffeo.evaluation.metrics.realism import centrality
from diffeo.methods import Method, adversarial, diffeomorphic
from diffeo.objectives import TargetClass
from diffeo.search import Run
from diffeo.settings import describe
from diffeo.shapes import Images, Indices, Model, Scores
from diffeo.typical import length_ratio
from reproduction.domain import CONFIDENCE
from reproduction.experiment import apply_rules, mean, median
from reproduction.kept import kept

__all__ = [
    "Judge",
    "at_distance",
    "central",
    "found_in",
    "paired",
    "record_results",
    "round_trip_rms",
    "searched",
    "verdicts",
]

UNTYPICAL = 0.01  # share of real images that are no more central
HALVINGS = 10

Judge = Callable[[Images, Indices], Scores]
"""What is said of each image, given the class that it was to become."""


def round_trip_rms(record: Counterfactuals) -> float:
    """Return the root mean square over pixels of what reconstructions have lost."""

    return math.sqrt(mean((record.reconstruction - record.factual).square()))


RULES: Mapping[str, Callable[[Counterfactuals], float]] = {
    "{}_reached": lambda record: mean(record.reached),
    "{}_seconds_per_image": lambda record: mean(record.seconds),
    "{}_l2_data_median": lambda record: median(record.distance[record.reached]),
    "{}_l2_latent_median": lambda record: median(
        record.latent_distance[record.reached]
    ),
    "{}_latent_norm_ratio": lambda record: median(length_ratio(record.origin)),
    "{}_round_trip_rms": round_trip_rms,
    "{}_exact": lambda record: mean(record.exact),
}


def found_in(
    x: Images,
    model: Model,
    places: Mapping[str, Coordinates],
    *,
    target: int,
    run: Run,
) -> dict[str, Counterfactuals]:
    """Return counterfactuals by where they were found, "data" the last.

    Args:
        x: Factuals.
        model: The classifier.
        places: Coordinates by name.
        target: The class to become.
        run: How to search.
    """

    pixels = Identity(tuple(x.shape[1:]))
    goal = TargetClass(target, CONFIDENCE)

    return {
        **{
            name: searched(diffeomorphic(), x, model, place, goal, run)
            for name, place in places.items()
        },
        "data": searched(adversarial(), x, model, pixels, goal, run),
    }


def searched(
    method: Method,
    x: Images,
    model: Model,
    place: Coordinates,
    goal: TargetClass,
    run: Run,
) -> Counterfactuals:
    """Return what a method explains, with its seconds of the processor, and keep it.

    Args:
        method: What searches.
        x: Factuals.
        model: The classifier.
        place: Coordinates.
        goal: The class to become.
        run: How to search.
    """

    with torch.no_grad():
        z, first = place.encode(x[:1]), x[:1]
        decoded = decode_with(place, z, start_memory(place, first, z))
        features = [distance.features(first, z) for distance in run.closest]
        seen = z, decoded, model(first), *features  # which tell these from others

    settings = {
        "method": describe(method),
        "goal": describe(goal),
        "run": describe(replace(run, progress=False)),
    }

    return kept(
        "coordinates",
        [x, *seen],
        settings,
        lambda: method.explain(x, model, place, goal, run),
    )


def central(score: Callable[[Images], Scores], real: Images) -> Judge:
    """Return a judge of whether a score is among the central 99 % of real images'.

    Args:
        score: A number for each image, such as its log-density.
        real: Real images that trained nothing.
    """

    reference = score(real)

    def judge(x: Images, target: Indices) -> Scores:  # noqa: ARG001
        return (centrality(score(x), reference) >= UNTYPICAL).to(x)

    return judge


def verdicts(
    judges: Mapping[str, Judge], x: Images, target: Indices
) -> dict[str, float]:
    """Return the mean of what each judge says of images; NaN if there are none."""

    return {
        name: mean(judge(x, target)) if len(x) else math.nan
        for name, judge in judges.items()
    }


def record_results(
    found: Mapping[str, Counterfactuals], judges: Mapping[str, Judge], about: str = ""
) -> dict[str, float]:
    """Return what is known of each search, and what judges say of those that arrived.

    Args:
        found: Records by where they were found. The judge "typical_NAME" does not judge
            what was found in the coordinates NAME, or begins so: these are its own.
        judges: Judges by name.
        about: What comes between the two names in those of the results.
    """

    results = apply_rules(
        RULES, {f"{name}{about}": each for name, each in found.items()}
    )

    for name, record in found.items():
        there = record.select(record.reached)
        others = {
            key: judge
            for key, judge in judges.items()
            if not f"typical_{name}".startswith(key)
        }
        said = verdicts(others, there.counterfactual, there.target.long())
        results |= {f"{name}{about}_{key}": value for key, value in said.items()}

    return results


def paired(
    found: Mapping[str, Counterfactuals], judges: Mapping[str, Judge], about: str = ""
) -> dict[str, float]:
    """Return how much more judges agree with flow matching than with the Glow.

    The intervals are those of differences over rows that arrived in both.

    Args:
        found: Records of the same factuals, "flow_matching" and "glow" among them.
        judges: Judges by name.
        about: What comes between the names in those of the results.
    """

    names = "flow_matching", "glow"
    both = torch.stack([found[name].reached for name in names]).all(0)
    one, other = (found[name].select(both) for name in names)
    results: dict[str, float] = {}

    for key, judge in judges.items():
        lead = UNKNOWN

        if len(one):
            ours, theirs = (
                judge(record.counterfactual, record.target.long())
                for record in (one, other)
            )
            lead = interval_of(ours - theirs)

        results |= lead.as_results(f"flow_matching_minus_glow{about}_{key}")

    return results


@torch.no_grad()
def at_distance(
    record: Counterfactuals, place: Coordinates, distance: Scores
) -> Images:
    """Return how each factual looks when it has changed by so much.

    It moves along the straight line in coordinates that leads to its counterfactual,
    and on where that is too near.

    Args:
        record: Of a search in these coordinates.
        place: The coordinates.
        distance: Euclidean distance of each row to its factual, in the data's units.
    """

    step = record.latent - record.origin
    most = 2 * distance / record.distance.clamp_min(1e-9)
    low, high = torch.zeros_like(most), most

    def moved(share: Scores) -> Images:
        return place.decode(record.origin + share[:, None] * step).clamp(0, 1)

    for _ in range(HALVINGS):
        middle = (low + high) / 2
        change = (moved(middle) - record.factual).flatten(1).norm(dim=1)
        low = torch.where(change < distance, middle, low)
        high = torch.where(change < distance, high, middle)

    return moved(high)
