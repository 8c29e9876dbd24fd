"""How much of a change lies along the data."""

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, metric
from diffeo.geometry.tangent import neighbor_tangent, share_along
from diffeo.shapes import Scores

NEIGHBORS = 200
AXES = 50


@metric(Better.HIGHER)
def tangent_share_mean(record: Counterfactuals, judges: Judges) -> Scores:
    """Share of the change along the main directions of the nearest real images.

    They are 50 principal axes of the 200 training data nearest to the factual.
    """

    images = judges.reference.train.images
    neighbors = min(NEIGHBORS, len(images))
    tangent = judges.once(
        "Finding tangent spaces",
        lambda: neighbor_tangent(
            judges.factual,
            images,
            neighbors=neighbors,
            dimension=min(AXES, neighbors - 1),
        ),
    )

    return share_along(record.counterfactual - record.factual, tangent[: len(record)])
