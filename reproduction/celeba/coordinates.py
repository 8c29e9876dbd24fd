"""Faces that turn blond, smile or age in coordinates of two kinds, and in the data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import torch
from torch import nn

from diffeo.coordinates.dithered import Dithered
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.data.celeba import celeba
from diffeo.distances import DataDistance, Distance, FeatureDistance, LatentDistance
from diffeo.evaluation.metrics.agreement import neighbor_share, votes
from diffeo.evaluation.metrics.realism import log_density
from diffeo.evaluation.oracles import Oracle, Oracles
from diffeo.evaluation.settings import Settings, quick_settings
from diffeo.methods import FallingPrice, Method, diffeomorphic
from diffeo.models.flow.flow import Flow
from diffeo.objectives import TargetClass
from diffeo.search import Run
from diffeo.shapes import Images, Indices
from diffeo.training.flow_matching import NOISE
from reproduction.celeba.identity import (
    identity_features,
    identity_rules,
    strangers,
)
from reproduction.celeba.networks import (
    attribute_oracle,
    second_classifier,
)
from reproduction.celeba.regions import region_shares
from reproduction.celeba.setup import Setup, Size
from reproduction.celeba.sheets import blind_sheet, both_ways_figure, sample_sheet
from reproduction.celeba.training import ATTRIBUTES, INNER, SIZE
from reproduction.coordinates import (
    Judge,
    at_distance,
    central,
    found_in,
    paired,
    record_results,
    searched,
    verdicts,
)
from reproduction.domain import CONFIDENCE, Domain, accuracies, trained
from reproduction.experiment import (
    Experiment,
    ExperimentOptions,
    Findings,
    apply_rules,
    mean,
)
from reproduction.figures import saved
from reproduction.judged_figures import gallery_figure
from reproduction.path_errors import path_errors

__all__ = ["CELEBA_COORDINATES"]

FULL = Size(blond=100, others=25, run=Run(300))
QUICK = Size(blond=2, others=1, run=Run(15, retries=0), train=60, test=60)
CLOSEST_STEPS = 20
REFERENCES, FEW = 200, 10  # validation faces: of so many, another lies outside in 1 %
DRAWS, PATH_DRAWS = 4, 16  # of dequantization noise; of noise and time
CONTRACTIONS = 4  # faces of which the steps' contraction is estimated: minutes for each
DITHER = NOISE / 2  # of training; the field's unit is half the range of images
FIELD, GLOW, BLOND = "flow_matching", "glow", "blond"
CLEAN = f"{FIELD}_clean"
FACE = FeatureDistance(INNER.plain)
CLOSEST: Mapping[str, tuple[Method, Distance]] = {  # as tried on validation faces
    "closest": (diffeomorphic(), LatentDistance()),
    "closest_data": (diffeomorphic(), DataDistance()),
    "closest_face": (diffeomorphic(), FACE),
    "falling_face": (FallingPrice(distance=FACE), FACE),
}
WITHOUT_FACE = {key: CLOSEST[key] for key in ("closest", "closest_data")}
Found = Mapping[str, Counterfactuals]
Rules = Mapping[str, Callable[[Counterfactuals], float]]


@dataclass(frozen=True, eq=False)
class Panel:
    """What judges counterfactuals of faces.

    Args:
        second: A network that tells all attributes, of another form than the
            classifiers.
        rules: What is measured of records besides.
        typical: Judges of typicality.
        settings: How other judges are trained.
    """

    second: nn.Module
    rules: Rules
    typical: Mapping[str, Judge]
    settings: Settings

    @classmethod
    def load(
        cls, setup: Setup, field: FlowMatching, real: Images, *, quick: bool
    ) -> "Panel":
        """Train the networks, or read them from the cache, and look at references.

        Args:
            setup: The faces to train on, and the flow.
            field: The other generator.
            real: Faces of different people that trained nothing.
            quick: Whether to hardly train.
        """

        features = identity_features()

        return cls(
            second_classifier(setup.wide, SIZE, quick=quick),
            {
                "{}_change_in_hair": partial(_region_share, "hair"),
                "{}_change_in_face": partial(_region_share, "face"),
                **identity_rules(features, strangers(features, real)),
            },
            _typicality(field, setup.flow, real[: FEW if quick else REFERENCES]),
            quick_settings() if quick else Settings(),
        )

    def judges(self, domain: Domain, second: Oracle) -> dict[str, Judge]:
        """Return judges of an attribute.

        Args:
            domain: Training faces with and without it, from which all but one learn.
            second: That one.
        """

        svm = Oracles(domain.train, self.settings).svm
        neighbors = min(self.settings.neighbors, len(domain.train))

        return {
            "svm": lambda x, target: votes([svm], x, target)[0],
            "second_cnn": lambda x, target: votes([second], x, target)[0],
            "knn": lambda x, target: neighbor_share(x, domain.train, target, neighbors),
        }


def measure_celeba_coordinates(options: ExperimentOptions) -> Findings:
    """Turn 100 test faces blond, and let 50 smile or not and 50 look old or young.

    The field's coordinates are dithered with the noise of its training. Faces that turn
    blond are also searched for the closest in each of the coordinates: by the distance
    there, in all pixels, and in those of eyes, nose and mouth, which has a price on the
    way, too; and in the field as it is. References of typicality and of distances
    between people are validation faces.

    Args:
        options: Where the data are, and whether to be quick.

    Raises:
        FileNotFoundError: If the velocity field has not been trained.
    """

    size = QUICK if options.quick else FULL
    field = cast("FlowMatching", trained("celeba-flow-matching-fast"))
    setup, run = Setup.load(options, size), replace(size.run, progress=options.progress)
    clean: dict[str, Coordinates] = {CLEAN: field}
    flow: dict[str, Coordinates] = {GLOW: setup.flow}
    places = {FIELD: Dithered(field, spread=DITHER)} | flow
    real = celeba("validation", options.data, size=SIZE, limit=size.test).pixels / 255
    panel = Panel.load(setup, field, real, quick=options.quick)
    found: dict[str, Found] = {}
    results: dict[str, float] = {}

    for name in list(ATTRIBUTES)[: 2 if options.quick else None]:
        domain, attribute = setup.domain(name), setup.number(name)
        about = "" if name == BLOND else f"_{name}"
        second = attribute_oracle(panel.second, attribute)
        judges = panel.judges(domain, second)
        judges |= panel.typical if name == BLOND else {}
        searches = _search(domain, name, size, places, run)

        if name == BLOND:
            searches |= _closest(domain, size, places, run)
            searches |= _search(domain, name, size, clean, run)
            searches |= _closest(domain, size, clean, run, WITHOUT_FACE)

        found[name] = searches
        results |= {
            **accuracies(f"second_cnn{about}", second, domain.held_out),
            **_real(domain, judges, about),
            **_results(found[name], places, panel.rules, judges, about),
        }

    few = found[BLOND][FIELD].factual[:CONTRACTIONS]
    contraction = field.certify(few).contraction
    results["flow_matching_contraction_max"] = contraction.max().item()
    others = [each for name, each in found.items() if name != BLOND]
    plain = {name: found[BLOND][name] for name in (*places, "data")}
    closest = {
        f"{place}_{key}": found[BLOND][f"{place}_{key}"]
        for place in places
        for key in CLOSEST
    }
    faces = f"{FIELD}_falling_face", f"{GLOW}_falling_face"

    return Findings(
        results,
        {
            "gallery.png": saved(partial(gallery_figure, plain)),
            "closest.png": saved(partial(gallery_figure, closest)),
            "others.png": saved(partial(both_ways_figure, others)),
            "samples.png": partial(sample_sheet, clean | flow, 3 * SIZE**2),
            "blind.png": partial(blind_sheet, plain, (FIELD, GLOW)),
            "blind_face.png": partial(blind_sheet, closest, faces),
        },
    )


def _search(
    domain: Domain,
    name: str,
    size: Size,
    places: Mapping[str, Coordinates],
    run: Run,
) -> dict[str, Counterfactuals]:
    """Return counterfactuals by where they were found: to blond, or both ways."""

    ways = (domain,) if name == BLOND else (domain, domain.turned())
    count = size.blond if name == BLOND else size.others
    found = [
        found_in(way.factuals(count), way.model, places, target=way.target, run=run)
        for way in ways
    ]

    return {key: concatenate([each[key] for each in found]) for key in found[0]}


def _closest(
    domain: Domain,
    size: Size,
    places: Mapping[str, Coordinates],
    run: Run,
    ways: Mapping[str, tuple[Method, Distance]] = CLOSEST,
) -> dict[str, Counterfactuals]:
    """Return the closest in each of the coordinates, by each distance."""

    steps = min(CLOSEST_STEPS, run.steps)
    x, goal = domain.factuals(size.blond), TargetClass(domain.target, CONFIDENCE)

    return {
        f"{name}_{key}": searched(
            method,
            x,
            domain.model,
            place,
            goal,
            replace(run, closest=(distance,), closest_steps=steps),
        )
        for name, place in places.items()
        for key, (method, distance) in ways.items()
    }


def _typicality(field: FlowMatching, flow: Flow, real: Images) -> dict[str, Judge]:
    """Return whether each generator finds a score of images among the central ones.

    Of the flow it is the log-density. Of the field it is the error of velocities, since
    estimates of its log-density take as long as hundreds of evaluations.
    """

    scores = {
        GLOW: partial(log_density, log_prob=flow.log_prob, draws=DRAWS),
        FIELD: partial(path_errors, field, draws=PATH_DRAWS),
    }

    return {f"typical_{name}": central(score, real) for name, score in scores.items()}


def _region_share(region: str, record: Counterfactuals) -> float:
    there = record.select(record.reached)

    return mean(region_shares(there.factual, there.counterfactual)[region])


def _real(domain: Domain, judges: Mapping[str, Judge], about: str) -> dict[str, float]:
    """Return what judges say of real test faces that have the attribute."""

    x = domain.held_out.of(domain.target)
    said = verdicts(judges, x, torch.full((len(x),), domain.target))

    return {f"real{about}_{key}": value for key, value in said.items()}


def _results(
    found: Found,
    places: Mapping[str, Coordinates],
    rules: Rules,
    judges: Mapping[str, Judge],
    about: str,
) -> dict[str, float]:
    """Return all that is measured of the searches for one attribute."""

    named = {f"{name}{about}": record for name, record in found.items()}
    equal = _at_equal_distance(found, places)
    agreeing = {
        key: judge for key, judge in judges.items() if not key.startswith("typical")
    }
    results = record_results(found, judges, about) | apply_rules(rules, named)
    results |= paired(found, agreeing, about)

    for name, (x, target) in equal.items():
        said = verdicts(agreeing, x, target)
        results |= {f"{name}{about}_{key}_equal": value for key, value in said.items()}

    return results


def _at_equal_distance(
    found: Found, places: Mapping[str, Coordinates]
) -> dict[str, tuple[Images, Indices]]:
    """Return faces that have changed as far as the field's, and what they were to be.

    Those that arrived everywhere count.
    """

    plain = {name: found[name] for name in (*places, "data")}
    everywhere = torch.stack([record.reached for record in plain.values()]).all(0)
    there = {name: record.select(everywhere) for name, record in plain.items()}
    own = there[FIELD]
    pixels = Identity(tuple(own.factual.shape[1:]))
    moved = {FIELD: own.counterfactual} | {
        name: at_distance(record, places.get(name, pixels), own.distance)
        for name, record in there.items()
        if name != FIELD
    }

    return {name: (x, own.target.long()) for name, x in moved.items()}


CELEBA_COORDINATES = Experiment(
    "celeba-coordinates",
    "CelebA: flow matching and Glow as coordinates, and the data space.",
    measure_celeba_coordinates,
)
