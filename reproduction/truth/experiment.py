"""Counterfactuals where the truth is known: do they name the cue, and nothing else?"""

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.search import Run
from reproduction.experiment import Experiment, ExperimentOptions, Findings, mean
from reproduction.figures import saved
from reproduction.truth.confidences import chosen, tried
from reproduction.truth.drawing import drawn
from reproduction.truth.forms import FORMS, Form
from reproduction.truth.leads import Flags, leads
from reproduction.truth.methods import AGREED, NAMES
from reproduction.truth.models import QUICK, Trainings
from reproduction.truth.prepared import Effort, Prepared
from reproduction.truth.saliency import saliency
from reproduction.truth.scores import mass, scores
from reproduction.truth.tasks import TASKS

__all__ = ["TRUTH", "TRUTH_AGREED"]

FULL = Effort(Trainings(), held_out=1000, tried=10, inputs=50, run=Run(steps=300))
FAST = Effort(
    QUICK,
    held_out=20,
    tried=1,
    inputs=1,
    run=Run(steps=1, retries=0, closest_steps=1, line_search_steps=1),
)
SHOWN = 3  # images of each class in a figure
Found = Mapping[str, list[Counterfactuals]]


def measure_truth(options: ExperimentOptions, names: Sequence[str] = NAMES) -> Findings:
    """Train on each task, search by each method, and measure the attributes.

    Args:
        options: Where the data are, and whether to be quick.
        names: The methods; the others are compared with the first.
    """

    effort = FAST if options.quick else FULL
    prepared = {
        name: Prepared.of(task, effort, options.data) for name, task in TASKS.items()
    }
    results: dict[str, float] = {}
    drawings = {}
    flags: dict[str, list[Flags]] = {}

    for name, one in prepared.items():
        results |= {f"{name}_{key}": value for key, value in one.results().items()}

    for form in FORMS:
        levels = {
            name: chosen(form.levels, tried(prepared, form, name, effort.tried))
            for name in names
        }
        results |= {
            f"{form.prefix}{name}_level": value for name, value in levels.items()
        }
        flags[form.name] = []

        for name, one in prepared.items():
            found = _found(one, form, levels, effort.inputs)
            scored = _scored(one, found)
            flags[form.name].append(scored)
            measured = _measured(one, form, found, scored)
            results |= {
                f"{name}_{form.prefix}{key}": value for key, value in measured.items()
            }
            shown = {how: _shown(*records) for how, records in found.items()}
            drawings[f"{name}_{form.name}.png"] = saved(partial(drawn, shown))

    means = _means(results, names)
    ahead = leads(flags, names[0])

    return Findings(results | means | ahead, drawings, tuple(means))


def _found(
    one: Prepared, form: Form, levels: Mapping[str, float], inputs: int
) -> Found:
    """Return counterfactuals of images of each class, by method.

    Args:
        one: The task.
        form: The form of it.
        levels: The level of confidence, by method.
        inputs: Images of each class.
    """

    x = [one.test.of(start)[:inputs] for start in (0, 1)]
    explained = form.explained(one)
    found = {}

    for name, level in levels.items():
        sure = form.confidences(one, level)
        found[name] = [
            explained.explain(name, x[1 - target], target, sure[target])
            for target in (1, 0)
        ]

    return found


def _scored(one: Prepared, found: Found) -> Flags:
    """Return what is true of each row, by method: of images of class 0, then of 1."""

    flags: dict[str, dict[str, Tensor]] = {}

    for name, records in found.items():
        each = [
            scores(one.task, one.spread, record, start)
            for start, record in enumerate(records)
        ]
        flags[name] = {what: torch.cat([way[what] for way in each]) for what in each[0]}

    return flags


def _measured(
    one: Prepared, form: Form, found: Found, scored: Flags
) -> dict[str, float]:
    """Return the shares of rows, by method and by what is true of them."""

    results = {
        f"{name}_{what}": mean(rows)
        for name, each in scored.items()
        for what, rows in each.items()
    }
    place = one.task.place

    if place is None:
        return results

    maps = [
        saliency(form.explained(one).model, records.factual, start)
        for start, records in enumerate(next(iter(found.values())))
    ]

    for name in maps[0]:
        shares = torch.cat([mass(each[name], place) for each in maps])
        results[f"{name}_mass"] = mean(shares)

    return results | {"chance_mass": mean(place)}


def _means(results: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """Return each method's scores over the tasks: all, and those of each form."""

    means: dict[str, float] = {}

    for name in names:
        for what in ("named", "no_lie"):
            of_form = {}

            for form in FORMS:
                each = [results[f"{task}_{form.prefix}{name}_{what}"] for task in TASKS]
                of_form[f"{name}_{form.name}_{what}"] = sum(each) / len(each)

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
TRUTH_AGREED = Experiment(
    "truth-agreed",
    "Where the cue is known: do changes name it that classifiers agree on?",
    partial(measure_truth, names=tuple(AGREED)),
    {"agreed_named": "≥ 0.95", "agreed_no_lie": "≥ 0.80"},
    "goal",
)
