"""An estimator as a model of the rows of a table."""

import torch
from torch import Tensor, nn

from diffeo.coordinates.table import TableFlow
from diffeo.estimators.answers import Answers
from diffeo.estimators.cells import cells_of
from diffeo.estimators.probes import probes
from diffeo.shapes import Data, Outputs

__all__ = ["of_table"]

TRIED = 200  # rows of the table on which a conversion is checked
NEAR = 1e-4  # probabilities, or values as a share of their deviation


def of_table(
    estimator: object, flow: TableFlow, x: Data, *, seed: int = 0
) -> tuple[nn.Module, str]:
    """Return an estimator as a model of rows of features, with gradients.

    One that PyTorch can compute is converted, if it then answers as it did before, of
    rows of the table and of others; any other answers itself, with the gradients of a
    surrogate.

    Args:
        estimator: A fitted estimator, as of scikit-learn.
        flow: A flow of the table.
        x: Rows of the table, as `features_of` makes them.
        seed: Seed of the surrogate.

    Returns:
        From rows of features to logits or values; and a sentence on its gradients,
        empty if they are its own.

    Raises:
        ValueError: If it takes other columns than the table has, or tells neither
            probabilities nor scores.

    Example:
        >>> of_table(forest, flow, x)[1]  # doctest: +SKIP
    """

    from diffeo.estimators.conversion import converted
    from diffeo.estimators.surrogate import distill

    answers = Answers(estimator, cells_of(estimator, flow.columns))
    known, wanted = _asked(answers, x[:TRIED].double().cpu(), probes(flow.columns))
    model = converted(answers, known)

    if model is not None and _same(model(known), wanted, answers):
        return model.to(x.device), ""

    surrogate, well = distill(answers, flow, x, seed=seed)
    found = (
        f"the same class in {well:.1%}" if answers.is_of_classes else f"R² {well:.3f}"
    )

    return (
        surrogate,
        "Each answer is the model's own. It has no gradients: the search took those of "
        f"a surrogate, distilled from it on samples of the flow, with {found} of "
        "samples held out.",
    )


def _asked(answers: Answers, x: Data, more: Tensor) -> tuple[Tensor, Tensor]:
    """Return rows with the answers to them, and those of more rows that it answers."""

    parts = [(x, answers(x))]
    halves = [more]

    while halves:
        rows = halves.pop()

        try:
            parts.append((rows, answers(rows)))
        except ValueError:  # of a category that it has not seen
            halves += rows.chunk(2) if len(rows) > 1 else []

    known, wanted = zip(*parts, strict=True)

    return torch.cat(known), torch.cat(wanted)


def _same(found: Outputs, wanted: Outputs, answers: Answers) -> bool:
    if found.shape != wanted.shape:
        return False

    if answers.is_of_classes:
        found, wanted = found.softmax(1), wanted.softmax(1)
        unit = 1.0
    else:
        unit = max(wanted.std().item(), torch.finfo(wanted.dtype).eps)

    return bool(((found - wanted).abs() <= NEAR * unit).all())
