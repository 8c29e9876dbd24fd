"""Judge the counterfactuals of one method, or of many by the same judges."""

from collections.abc import Mapping, Sequence

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.checks import check_factuals, check_reference, check_task
from diffeo.evaluation.controls import Subject, noise, originals, real
from diffeo.evaluation.evaluation import REAL, Evaluation, apply_metrics
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Metric
from diffeo.evaluation.metrics import CLASS_METRICS, VALUE_METRICS
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.settings import Settings
from diffeo.evaluation.table import Table
from diffeo.evaluation.task import Task
from diffeo.progress import watch

__all__ = ["compare", "evaluate"]


def evaluate(
    record: Counterfactuals,
    task: Task,
    reference: Reference,
    settings: Settings | None = None,
    *,
    metrics: Sequence[Metric] | None = None,
) -> Table:
    """Return the statistics of all metrics of a record and of its controls.

    Args:
        record: Counterfactuals of images, found in whatever coordinates.
        task: What they were asked for.
        reference: Labelled real data. Those that are factuals are left out.
        settings: How judges are trained and figures found; `Settings()` if not given.
        metrics: What to measure; all metrics for classes or for values if not given.

    Raises:
        ValueError: If the record cannot be judged by the reference or the model.

    Example:
        >>> import torch
        >>> from diffeo import Identity, TargetClass, search
        >>> from diffeo.data.labelled import LabelledImages
        >>> from diffeo.evaluation.metrics.outcome import success
        >>> x = torch.linspace(0, 1, 32).reshape(8, 1, 2, 2)
        >>> def model(x: torch.Tensor) -> torch.Tensor:
        ...     return x.flatten(1)[:, :2]
        >>> task = Task(model, Identity((1, 2, 2)), TargetClass(1))
        >>> record = search(x[2:4], model, task.objective, task.coordinates)
        >>> reference = Reference(*LabelledImages(x, torch.tensor([0, 1] * 4)).split(2))
        >>> table = evaluate(record, task, reference, metrics=[success])
        >>> table.as_results()["originals_success"]
        0.0
    """

    records = {"counterfactuals": record}

    return compare(records, task, reference, settings=settings, metrics=metrics).table()


def compare(
    records: Mapping[str, Counterfactuals],
    task: Task,
    reference: Reference,
    *,
    untrained: Counterfactuals | None = None,
    settings: Settings | None = None,
    metrics: Sequence[Metric] | None = None,
) -> Evaluation:
    """Judge the records of several methods and their controls by the same judges.

    Controls are the originals, real data at the targets, and the factuals with noise as
    long as the changes of the first record. See `evaluate` for an example.

    Args:
        records: Records by name, of the same factuals.
        task: What the counterfactuals were asked for.
        reference: Labelled real data. Those that are factuals are left out.
        untrained: Counterfactuals of the first of these factuals, found with an
            untrained generative model: one more control.
        settings: How judges are trained and figures found; `Settings()` if not given.
        metrics: What to measure; all metrics for classes or for values if not given.

    Raises:
        ValueError: If there are no records, they have other factuals, or they cannot be
            judged by the reference or the model.
    """

    settings = settings or Settings()
    metrics = metrics or (VALUE_METRICS if reference.has_values else CLASS_METRICS)
    check_factuals(records, untrained)
    first = next(iter(records.values()))
    reference = reference.without(first.factual).to(first.factual.device)

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
        scores = apply_metrics(subjects, metrics, judges, tell=bar.begin)

    return Evaluation(
        tuple(metrics), scores, tuple(controls), settings.bootstrap, settings.quick
    )
