"""How judges are trained and figures found."""

from dataclasses import dataclass, field

from diffeo.evaluation.cache import Cache
from diffeo.evaluation.oracle_training import AutoencoderSettings, ClassifierSettings

__all__ = ["Settings", "quick_settings"]


@dataclass(frozen=True)
class Settings:
    """How judges are trained and figures found.

    Args:
        autoencoder: Architecture and training of the autoencoders of single classes.
        classifiers: Those of the classifiers that serve as oracles; they may differ in
            their seeds alone.
        neighbors: Number of nearest real data that are looked at for each row.
        penalty: Weight of the slack of the support-vector machine; as for `svm`.
        trees: Number of trees of the random forest.
        resamples: Number of times that rows are drawn again for an interval.
        cache: Where trained judges are kept.
        quick: Whether the judges are hardly trained; the results then say so.
        progress: Whether to show a bar.

    Example:
        >>> Settings(neighbors=5).trees
        100
    """

    autoencoder: AutoencoderSettings = field(default_factory=AutoencoderSettings)
    classifiers: tuple[ClassifierSettings, ...] = (
        ClassifierSettings(seed=101),
        ClassifierSettings(seed=102),
    )
    neighbors: int = 10
    penalty: float = 0.1
    trees: int = 100
    resamples: int = 10_000
    cache: Cache = field(default_factory=Cache.usual)
    quick: bool = False
    progress: bool = False


def quick_settings() -> Settings:
    """Return settings of judges that hardly learn anything, to see that all works.

    Example:
        >>> quick_settings().quick
        True
    """

    return Settings(
        autoencoder=AutoencoderSettings(latent=8, hidden=(32,), steps=20),
        classifiers=(ClassifierSettings(width=2, steps=10),),
        trees=5,
        resamples=200,
        quick=True,
    )
