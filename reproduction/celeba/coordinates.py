"""Faces that turn blond, smile or age in coordinates of two kinds, and in the data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import torch
from torch import nn

from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.data.celeba import celeba
from diffeo.evaluation.fitted_oracles import Oracles
from diffeo.evaluation.metrics.agreement import neighbor_share, votes
from diffeo.evaluation.metrics.realism import log_density
from diffeo.evaluation.settings import Settings, quick_settings
from diffeo.search import Run
from diffeo.shapes import Images, Indices
from reproduction.celeba.identity import identity_rules, strangers
from reproduction.celeba.networks import (
    attribute_probabilities,
    identity_features,
    second_classifier,
)
from reproduction.celeba.regions import region_shares
from reproduction.celeba.setup import Setup, Size
from reproduction.celeba.sheets import blind_sheet, both_ways_figure, sample_sheet
from reproduction.celeba.training import ATTRIBUTES, SIZE
from reproduction.coordinates import (
    Judge,
    at_distance,
    central,
    found_in,
    record_results,
    verdicts,
)
from reproduction.domain import Domain, accuracies, trained
from reproduction.experiment import (
    Experiment,
    ExperimentOptions,
    Findings,
    apply_rules,
    mean,
    median,
)
from reproduction.figures import saved
from reproduction.judged_figures import gallery_figure
from reproduction.velocity import path_errors

__all__ = ["CELEBA_COORDINATES"]

FULL = Size(blond=100, others=16, run=Run(300))
QUICK = Size(blond=2, others=1, run=Run(40, retries=0), train=60, test=60)
REFERENCES = 200  # validation faces: one more of them lies outside all in 1 % of cases
DRAWS, PATH_DRAWS = 4, 16  # of dequantization noise; of noise and time
CONTRACTIONS = 4  # faces of which the steps' contraction is estimated: minutes for each
FIELD, GLOW, BLOND = "flow_matching", "glow", "blond"
Found = Mapping[str, Counterfactuals]
Rules = Mapping[str, Callable[[Counterfactuals], float]]


@dataclass(frozen=True, eq=False)
class Panel:
    """Faces, generators and what judges counterfactuals.

    Args:
        setup: The faces and the classifiers.
        places: The generators' coordinates by name.
        second: A network that tells all attributes, of another form than the
            classifiers.
        settings: How other judges are trained.
        run: How to search.
    """

    setup: Setup
    places: Mapping[str, Coordinates]
    second: nn.Module
    settings: Settings
    run: Run

    def search(self, name: str, count: int) -> dict[str, Counterfactuals]:
        """Return counterfactuals by where they were found.

        Args:
            name: Of the attribute: to blond alone, to and from all others.
            count: Most faces for each way.
        """

        domain = self.setup.domain(name)
        ways = (domain,) if name == BLOND else (domain, domain.turned())
        found = [
            found_in(
                way.factuals(count),
                way.model,
                self.places,
                target=way.target,
                run=self.run,
            )
            for way in ways
        ]

        return {key: concatenate([each[key] for each in found]) for key in found[0]}

    def judges(self, domain: Domain, number: int) -> dict[str, Judge]:
        """Return judges of an attribute that learn from the training faces.

        Args:
            domain: Faces with and without it.
            number: Which of the attributes it is.
        """

        svm = Oracles(domain.train, self.settings).svm
        neighbors = min(self.settings.neighbors, len(domain.train))

        return {
            "svm": lambda x, target: votes([svm], x, target)[0],
            "second_cnn": lambda x, target: votes(
                [lambda x: self.second_says(number, x)], x, target
            )[0],
            "knn": lambda x, target: neighbor_share(x, domain.train, target, neighbors),
        }

    def second_says(self, number: int, x: Images) -> Indices:
        """Return 1 for faces in which the second network sees an attribute, else 0."""

        return (attribute_probabilities(self.second, x)[:, number] > 0.5).long()


def measure_celeba_coordinates(options: ExperimentOptions) -> Findings:
    """Turn test faces blond, 100 of them, and let 64 smile or not, look old or young.

    References of typicality and of the distances between people are validation faces.

    Args:
        options: Where the data are, and whether to be quick.

    Raises:
        FileNotFoundError: If the velocity field has not been trained.
    """

    size = QUICK if options.quick else FULL
    field = cast("FlowMatching", trained("celeba-flow-matching"))
    setup = Setup.load(options, size)
    places: dict[str, Coordinates] = {FIELD: field, GLOW: setup.flow}
    panel = Panel(
        setup,
        places,
        second_classifier(setup.wide, SIZE, quick=options.quick),
        quick_settings() if options.quick else Settings(),
        replace(size.run, progress=options.progress),
    )
    real = celeba("validation", options.data, size=SIZE, limit=size.test).pixels / 255
    features = identity_features(setup.wide, SIZE, quick=options.quick)
    apart = strangers(features, real)
    rules: Rules = {"{}_change_in_hair": _hair_share, **identity_rules(features, apart)}
    results = {"strangers_distance_median": median(apart)}
    found: dict[str, Found] = {}

    for name in ATTRIBUTES:
        domain, about = setup.domain(name), "" if name == BLOND else f"_{name}"
        judges = panel.judges(domain, setup.number(name))
        found[name] = panel.search(name, size.blond if name == BLOND else size.others)
        second = partial(panel.second_says, setup.number(name))
        results |= accuracies(f"second_cnn{about}", second, domain.held_out)
        results |= _at_equal_distance(found[name], judges, places, about)
        results |= _certified(field, found[name][FIELD], about)
        named = {f"{key}{about}": record for key, record in found[name].items()}
        results |= apply_rules(rules, named)

        if name == BLOND:
            judges |= _typicality(field, setup, real[:REFERENCES])
            faces = domain.held_out.of(domain.target)
            said = verdicts(judges, faces, torch.ones(len(faces)).long())
            results |= {f"real_{key}": value for key, value in said.items()}

        results |= record_results(found[name], judges, about)

    few = found[BLOND][FIELD].factual[:CONTRACTIONS]
    results["flow_matching_contraction_max"] = (
        field.certify(few).contraction.max().item()
    )

    return Findings(
        results,
        {
            "gallery.png": saved(partial(gallery_figure, found[BLOND])),
            "smiling.png": saved(partial(both_ways_figure, found["smiling"])),
            "young.png": saved(partial(both_ways_figure, found["young"])),
            "samples.png": partial(sample_sheet, places, 3 * SIZE**2),
            "blind.png": partial(blind_sheet, found[BLOND], (FIELD, GLOW)),
        },
    )


def _typicality(field: FlowMatching, setup: Setup, real: Images) -> dict[str, Judge]:
    """Return whether each generator finds a score of images among the central ones.

    Of the flow it is the log-density. Of the field it is the error of velocities, since
    estimates of its log-density take as long as hundreds of evaluations.
    """

    density = partial(log_density, log_prob=setup.flow.log_prob, draws=DRAWS)
    errors = partial(path_errors, field, draws=PATH_DRAWS)

    return {f"typical_{GLOW}": central(density, real)} | {
        f"typical_{FIELD}": central(errors, real)
    }


def _hair_share(record: Counterfactuals) -> float:
    there = record.select(record.reached)

    return mean(region_shares(there.factual, there.counterfactual)["hair"])


def _certified(
    field: FlowMatching, record: Counterfactuals, about: str
) -> dict[str, float]:
    """Return the share of factuals whose every step was inverted to the tolerance."""

    exact = field.certify(record.factual, rounds=0).exact

    return {f"{FIELD}{about}_certified": mean(exact)}


def _at_equal_distance(
    found: Found,
    judges: Mapping[str, Judge],
    places: Mapping[str, Coordinates],
    about: str,
) -> dict[str, float]:
    """Return what judges say when all faces have changed as far as the field's.

    Faces that became what they should everywhere count.
    """

    everywhere = torch.stack([record.reached for record in found.values()]).all(0)
    there = {name: record.select(everywhere) for name, record in found.items()}
    own = there[FIELD]
    pixels = Identity(tuple(own.factual.shape[1:]))
    results = {}

    for name, record in there.items():
        x = (
            own.counterfactual
            if name == FIELD
            else at_distance(record, places.get(name, pixels), own.distance)
        )
        said = verdicts(judges, x, record.target.long())
        results |= {f"{name}{about}_{key}_equal": value for key, value in said.items()}

    return results


CELEBA_COORDINATES = Experiment(
    "celeba-coordinates",
    "CelebA: flow matching and Glow as coordinates, and the data space.",
    measure_celeba_coordinates,
)
