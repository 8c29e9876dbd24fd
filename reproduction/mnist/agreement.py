"""What the independent judges say of each image."""

from diffeo.evaluation.intervals import Statistic, mean, share
from diffeo.evaluation.metrics.agreement import majority, neighbor_share, votes
from diffeo.evaluation.oracles import Oracles
from diffeo.shapes import Images, Indices, Scores

__all__ = ["JUDGES", "agreement", "statistic_of"]

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

    voted = votes(oracles.all, x, target)
    svm, forest, cnn, *_ = voted

    return {
        "svm": svm,
        "forest": forest,
        "cnn": cnn,
        "knn": neighbor_share(x, oracles.train, target, oracles.settings.neighbors),
        "consensus": majority(voted).to(x.dtype),
    }


def statistic_of(judge: str) -> Statistic:
    """Return what is taken over the rows: the share, or the mean of neighbors' shares.

    Args:
        judge: One of JUDGES, or another that says 1 or 0.
    """

    return mean if judge == "knn" else share
