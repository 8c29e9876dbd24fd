"""Success, time, and what is lost on the way to the coordinates and back."""

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, metric
from diffeo.evaluation.metrics.distances import euclidean
from diffeo.shapes import Scores


@metric(Better.HIGHER, failures=True)
def success(record: Counterfactuals, _: Judges) -> Scores:
    """Share of rows that the model finds at the target, as sure as was asked."""

    return record.reached.double()


@metric(Better.LOWER, failures=True)
def seconds_per_image(record: Counterfactuals, _: Judges) -> Scores:
    """Time for one image, a share of its batch's."""

    return record.seconds


@metric(Better.LOWER, failures=True)
def composition_error_mean(record: Counterfactuals, _: Judges) -> Scores:
    """Distance of the factuals to themselves encoded and decoded.

    Source: Monteiro, Ribeiro, Pawlowski, Castro and Glocker, 2023, Measuring axiomatic
    soundness of counterfactual image models, Section 3, "Composition".
    """

    return euclidean(record.reconstruction, record.factual)
