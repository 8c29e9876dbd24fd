"""What the independent judges say of each image."""

from diffeo.evaluation.fitted_oracles import Oracles
from diffeo.evaluation.metrics.agreement import (
    consensus,
    neighbor_share,
    share_of_oracles,
)
from diffeo.shapes import Images, Indices, Scores

__all__ = ["JUDGES", "agreement"]

JUDGES = "svm", "forest", "cnn", "knn", "consensus"


def agreement(oracles: Oracles, x: Images, target: int | Indices) -> dict[str, Scores]:
    """Return what each judge says of each image, by the names in JUDGES.

    Of the neighbors it is their share of the target; of the others, 1 where they say
    the target, else 0. The classifier is the first of the oracles'; the consensus is
    that of all oracles: more than half of them, three of four.

    Args:
        oracles: Independent models; neighbors are looked for in their training data.
        x: Images to judge.
        target: A class, or one for each image.
    """

    svm, forest, cnn, *_ = oracles.all
    found = {
        name: share_of_oracles([oracle], x, target)
        for name, oracle in (("svm", svm), ("forest", forest), ("cnn", cnn))
    }
    found["knn"] = neighbor_share(x, oracles.train, target, oracles.settings.neighbors)
    found["consensus"] = consensus(oracles.all, x, target).to(x.dtype)

    return found
