"""Counterfactuals where the truth is known: do they name the cue, and nothing else?"""

from collections.abc import Mapping
from functools import partial

import torch

from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.search import Run
from reproduction.experiment import Experiment, ExperimentOptions, Findings, mean
from reproduction.figures import saved
from reproduction.truth.confidences import chosen, tried
from reproduction.truth.drawing import drawn
from reproduction.truth.methods import NAMES, Explained
from reproduction.truth.models import QUICK, Trainings
from reproduction.truth.prepared import Effort, Prepared
from reproduction.truth.saliency import saliency
from reproduction.truth.scores import mass, scores
from reproduction.truth.tasks import TASKS

__all__ = ["TRUTH"]

FULL = Effort(Trainings(), held_out=1000, tried=10, inputs=50, run=Run(steps=300))
FAST = Effort(
    QUICK,
    held_out=20,
    tried=1,
    inputs=1,
    run=Run(steps=1, retries=0, closest_steps=1, line_search_steps=1),
)
SHOWN = 3  # images of each class in a figure
FORMS = {"decides": "", "correlates": "90_"}
Asked = Mapping[str, tuple[float, float]]
Found = Mapping[str, list[Counterfactuals]]


def measure_truth(options: ExperimentOptions) -> Findings:
    """Train on each task, search by each method, and measure the attributes."""

    effort = FAST if options.quick else FULL
    prepared = {
        name: Prepared.of(task, effort, options.data) for name, task in TASKS.items()
    }
    sure = {name: chosen(tried(prepared, name, effort.tried)) for name in NAMES}
    results = {f"{name}_confidence": value for name, value in sure.items()}
    drawings = {}

    asked = {name: (value, value) for name, value in sure.items()}

    for name, one in prepared.items():
        decided = _found(one, one.decides, effort.inputs, asked)
        median = dict.fromkeys(NAMES, one.median)
        correlated = _found(one, one.correlates, effort.inputs, median)
        measured = {
            **one.results(),
            **_measured(one, one.decides, decided),
            **{
                f"90_{key}": value
                for key, value in _measured(one, one.correlates, correlated).items()
            },
        }
        results |= {f"{name}_{key}": value for key, value in measured.items()}
        shown = {how: _shown(*records) for how, records in decided.items()}
        drawings[f"{name}.png"] = saved(partial(drawn, shown))

    means = _means(results)

    return Findings(results | means, drawings, tuple(means))


def _found(one: Prepared, explained: Explained, inputs: int, asked: Asked) -> Found:
    """Return counterfactuals of images of each class, by method.

    Args:
        one: The task.
        explained: The classifier, of one of its forms.
        inputs: Images of each class.
        asked: The confidence in class 0 and in class 1, by method.
    """

    x = [one.test.of(start)[:inputs] for start in (0, 1)]

    return {
        name: [
            explained.explain(name, x[1 - target], target, sure[target])
            for target in (1, 0)
        ]
        for name, sure in asked.items()
    }


def _measured(one: Prepared, explained: Explained, found: Found) -> dict[str, float]:
    """Return the shares of rows, by method and by what is true of them."""

    results: dict[str, float] = {}

    for name, records in found.items():
        each = [
            scores(one.task, one.spread, record, start)
            for start, record in enumerate(records)
        ]

        for what in each[0]:
            results[f"{name}_{what}"] = mean(torch.cat([way[what] for way in each]))

    place = one.task.place

    if place is None:
        return results

    maps = [
        saliency(explained.model, records.factual, start)
        for start, records in enumerate(found[NAMES[0]])
    ]

    for name in maps[0]:
        shares = torch.cat([mass(each[name], place) for each in maps])
        results[f"{name}_mass"] = mean(shares)

    return results | {"chance_mass": mean(place)}


def _means(results: Mapping[str, float]) -> dict[str, float]:
    """Return each method's scores over the tasks: all, and those of each form."""

    means: dict[str, float] = {}

    for name in NAMES:
        for what in ("named", "no_lie"):
            of_form = {}

            for form, prefix in FORMS.items():
                each = [results[f"{task}_{prefix}{name}_{what}"] for task in TASKS]
                of_form[f"{name}_{form}_{what}"] = sum(each) / len(each)

            means[f"{name}_{what}"] = sum(of_form.values()) / len(of_form)
            means |= of_form

    return means


def _shown(*records: Counterfactuals) -> Counterfactuals:
    return concatenate(
        [record.select(torch.arange(len(record)) < SHOWN) for record in records]
    )


TRUTH = Experiment(
    "truth",
    "Where the cue is known: do counterfactuals name it, and add no lie?",
    measure_truth,
    {
        "diffeomorphic_named": "≥ 0.95",
        "diffeomorphic_no_lie": "≥ 0.80",
        "adversarial_named": "≤ 0.30",
    },
    "goal",
)
