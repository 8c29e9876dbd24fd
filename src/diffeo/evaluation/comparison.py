"""Judge the counterfactuals of classifiers, many methods at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache as once

from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.controls import noise, of_record, originals, real
from diffeo.evaluation.evaluation import REAL, Evaluation, judge
from diffeo.evaluation.further import (
    Density,
    change_along_data,
    composition,
    insertion,
    oracle_consensus,
    sparsity,
    typical_density,
)
from diffeo.evaluation.intervals import Bootstrap
from diffeo.evaluation.metric import Metric
from diffeo.evaluation.metrics.im1 import Autoencoder
from diffeo.evaluation.oracle_training import (
    AutoencoderSettings,
    ClassifierSettings,
    autoencoder,
    classifier,
    linear,
)
from diffeo.evaluation.oracles import answers, forest
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.standard import (
    data_distances,
    interpretability,
    latent_distances,
    nearest,
    oracle_agreement,
    outcomes,
    similarity,
)
from diffeo.evaluation.table import Table
from diffeo.shapes import Images, Model

__all__ = ["Question", "Settings", "compare", "evaluate", "standard_metrics"]

TWINS = ClassifierSettings(seed=101), ClassifierSettings(seed=102)
FOREST_ROWS = 20_000  # a forest of more is slower, hardly better


@dataclass(frozen=True, eq=False)
class Question:
    """What the counterfactuals answer.

    Args:
        model: The classifier under explanation, in evaluation mode.
        coordinates: Of the generative model: where latent distances are taken, and
            whose density is asked if it has one.
        confidence: That the model was to have in the target.
    """

    model: Model
    coordinates: Coordinates
    confidence: float = 0.99


@dataclass(frozen=True)
class Settings:
    """How judges are trained and figures found.

    Args:
        autoencoder: Of single classes.
        classifiers: That serve as oracles; all but their seeds may be alike.
        neighbors: Nearest real data of each row.
        penalty: Of the support-vector machine's slack.
        trees: Of the forest.
        bootstrap: How intervals are found.
        cache: Where trained judges are kept.
    """

    autoencoder: AutoencoderSettings = field(default_factory=AutoencoderSettings)
    classifiers: tuple[ClassifierSettings, ...] = TWINS
    neighbors: int = 10
    penalty: float = 0.001
    trees: int = 100
    bootstrap: Bootstrap = field(default_factory=Bootstrap)
    cache: Cache = field(default_factory=Cache.usual)


def evaluate(
    record: Counterfactuals,
    question: Question,
    reference: Reference,
    settings: Settings | None = None,
) -> Table:
    """Return all figures of a record and of its controls.

    Args:
        record: Counterfactuals of images for a classifier.
        question: What they answer.
        reference: Labelled real data.
        settings: How judges are trained and figures found.
    """

    records = {"counterfactuals": record}

    return compare(records, question, reference, settings=settings).table()


def compare(
    records: Mapping[str, Counterfactuals],
    question: Question,
    reference: Reference,
    *,
    untrained: Counterfactuals | None = None,
    settings: Settings | None = None,
) -> Evaluation:
    """Judge the records of several methods and their controls by the same judges.

    Controls are the originals, real data of the target class, and the factuals with
    noise as long as the changes of the first record.

    Args:
        records: By name; of the same factuals.
        question: What they answer.
        reference: Labelled real data.
        untrained: Counterfactuals of the first of these factuals, found with an
            untrained generative model: one more control.
        settings: How judges are trained and figures found.

    Raises:
        ValueError: If there are no records, or they have other factuals.
    """

    settings = settings or Settings()
    _check(records, untrained)
    first = of_record(next(iter(records.values())))
    asked = question.model, question.confidence
    controls = {
        "originals": originals(first, *asked),
        REAL: real(first, reference, *asked),
        "noise": noise(first, *asked),
        **({"untrained": of_record(untrained)} if untrained is not None else {}),
    }
    methods = {name: of_record(record) for name, record in records.items()}

    return judge(
        {**methods, **controls},
        standard_metrics(first.factual, question, reference, settings),
        controls=tuple(controls),
        bootstrap=settings.bootstrap,
    )


def standard_metrics(
    factual: Images, question: Question, reference: Reference, settings: Settings
) -> list[Metric]:
    """Return all metrics for counterfactuals of some images, their judges trained.

    Args:
        factual: The images, in the order in which all methods have them.
        question: What the counterfactuals answer.
        reference: Labelled real data.
        settings: How judges are trained.
    """

    train = reference.train
    machine = linear(train, settings.penalty, settings.cache)
    oracles = [
        machine,
        forest(
            train.images[:FOREST_ROWS],
            train.labels[:FOREST_ROWS],
            trees=settings.trees,
        ),
        *(
            answers(classifier(train, each, settings.cache))
            for each in settings.classifiers
        ),
    ]

    @once
    def of_class(label: int) -> Autoencoder:
        return autoencoder(train.of(label), settings.autoencoder, settings.cache)

    density = question.coordinates

    return [
        *outcomes(),
        *similarity(),
        *data_distances(reference),
        *latent_distances(question.coordinates, reference),
        oracle_agreement("svm_target", machine),
        nearest(reference, count=settings.neighbors),
        interpretability(of_class),
        *(
            [typical_density(density, reference)]
            if isinstance(density, Density)
            else ()
        ),
        composition(),
        change_along_data(factual, reference),
        sparsity(),
        insertion(question.model),
        oracle_consensus(oracles),
    ]


def _check(
    records: Mapping[str, Counterfactuals], untrained: Counterfactuals | None
) -> None:
    if not records:
        raise ValueError("records must be at least one, got none")

    names, values = list(records), list(records.values())
    factual = values[0].factual

    for name, record in records.items():
        if not record.factual.equal(factual):
            raise ValueError(
                f"records must have the same factuals, got other ones in {name} than "
                f"in {names[0]}"
            )

    if untrained is not None and not untrained.factual.equal(factual[: len(untrained)]):
        raise ValueError(
            "the untrained record must have the first factuals of the others, got "
            "other ones"
        )
