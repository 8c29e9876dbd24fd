"""Judge the counterfactuals of one method, or of many by the same judges."""

from collections.abc import Callable, Mapping, Sequence

import torch

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.checks import check_factuals, check_reference, check_task
from diffeo.evaluation.controls import Subject, noise, originals, real
from diffeo.evaluation.evaluation import REAL, Evaluation
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Metric
from diffeo.evaluation.metrics import CLASS_METRICS, VALUE_METRICS
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.settings import Settings
from diffeo.evaluation.task import Task
from diffeo.progress import watch
from diffeo.shapes import Scores

__all__ = ["apply_metrics", "compare"]


def compare(
    records: Mapping[str, Counterfactuals],
    task: Task,
    reference: Reference,
    *,
    untrained: Counterfactuals | None = None,
    settings: Settings | None = None,
    metrics: Sequence[Metric] | None = None,
) -> Evaluation:
    """Judge the records of one or more methods and their controls by the same judges.

    Controls are the originals, real data at the targets, and the factuals with noise as
    long as the changes of the first record.

    Args:
        records: Records by name, of the same factuals, found in whatever coordinates.
            Those after the first record may have the first of its factuals only.
        task: What the counterfactuals were asked for.
        reference: Labelled real data. Those that are factuals are left out.
        untrained: Counterfactuals of the first of these factuals, found with an
            untrained generative model: one more control.
        settings: How judges are trained and figures found; `Settings()` if not given.
        metrics: What to measure; all metrics for classes or for values if not given.

    Raises:
        ValueError: If there are no records, they have other factuals, or they cannot be
            judged by the reference or the model.

    Example:
        >>> from diffeo import Identity, TargetClass, search
        >>> from diffeo.data.labelled import LabelledImages
        >>> from diffeo.evaluation.metrics.outcome import success
        >>> x = torch.linspace(0, 1, 32).reshape(8, 1, 2, 2)
        >>> def model(x: torch.Tensor) -> torch.Tensor:
        ...     return x.flatten(1)[:, :2]
        >>> task = Task(model, Identity((1, 2, 2)), TargetClass(1))
        >>> records = {"ours": search(x[2:4], model, task.objective, task.coordinates)}
        >>> reference = Reference(*LabelledImages(x, torch.tensor([0, 1] * 4)).split(2))
        >>> found = compare(records, task, reference, metrics=[success])
        >>> found.as_results()["originals_success"]
        0.0
    """

    settings = settings or Settings()
    metrics = metrics or (VALUE_METRICS if reference.has_values else CLASS_METRICS)
    check_factuals(records, untrained)
    first = next(iter(records.values()))
    reference = reference.without(first.factual)

    for record in records.values():
        check_task(record, task)
        check_reference(record, reference)

    controls = {
        "originals": originals(first, task),
        REAL: real(first, task, reference),
        "noise": noise(first, task),
    }

    if untrained is not None:
        controls["untrained"] = Subject(untrained, untrained.reached)

    methods = {name: Subject(each, each.reached) for name, each in records.items()}
    subjects = {**methods, **controls}
    total = len(subjects) * len(metrics)

    with watch("Judging", total, shown=settings.progress) as bar:
        judges = Judges(task, reference, settings, first.factual, bar.describe)
        scores = apply_metrics(subjects, metrics, judges, bar.begin)

    return Evaluation(tuple(metrics), scores, tuple(controls), settings, judges.oracles)


def apply_metrics(
    subjects: Mapping[str, Subject],
    metrics: Sequence[Metric],
    judges: Judges,
    tell: Callable[[str], None],
) -> dict[str, dict[str, Scores]]:
    """Return a number for each row, by the subject's name and then by the metric's.

    It is NaN where a row does not count.

    Args:
        subjects: Methods and controls by name.
        metrics: What to measure.
        judges: What the metrics may judge by.
        tell: Called with a few words before each metric of each subject.

    Example:
        >>> from diffeo import Identity, TargetClass, search
        >>> from diffeo.data.labelled import LabelledImages
        >>> from diffeo.evaluation.metrics.outcome import success
        >>> x = torch.linspace(0, 1, 16).reshape(4, 1, 2, 2)
        >>> data = LabelledImages(x, torch.tensor([0, 1, 0, 1]))
        >>> task = Task(lambda x: x.flatten(1), Identity((1, 2, 2)), TargetClass(1))
        >>> judges = Judges(task, Reference(data, data), Settings(), x)
        >>> record = search(x, task.model, task.objective, task.coordinates)
        >>> ours = {"ours": Subject(record, record.reached)}
        >>> apply_metrics(ours, [success], judges, tell=len)["ours"]["success"]
        tensor([1., 1., 1., 1.], dtype=torch.float64)
    """

    scores: dict[str, dict[str, Scores]] = {name: {} for name in subjects}

    for metric in metrics:
        for name, (record, judged) in subjects.items():
            tell(f"{metric.name} of {name}")
            found = metric.measure(record, judges).cpu().double()
            counted = judged.cpu() | metric.failures
            scores[name][metric.name] = found.where(counted, torch.nan)

    return scores
