"""Estimators in files of joblib and pickle, which run code when they are read."""

from pathlib import Path

import torch

from diffeo.estimators.answers import Estimator, classes_of
from diffeo.extras import require
from diffeo.readers.known_model import KnownModel

__all__ = ["read_pickled"]


def read_pickled(path: Path, device: str | torch.device) -> KnownModel:  # noqa: ARG001
    """Read an estimator of scikit-learn or its like; the file may run any code.

    Args:
        path: A file that joblib or pickle wrote.
        device: Not used: an estimator computes where it does.

    Raises:
        ModuleNotFoundError: If scikit-learn is not installed.
        ValueError: If it cannot be read, or is no estimator.

    Example:
        >>> import joblib
        >>> from sklearn.linear_model import LogisticRegression
        >>> from tempfile import TemporaryDirectory
        >>> fitted = LogisticRegression().fit([[0.0], [1.0]], ["no", "yes"])
        >>> with TemporaryDirectory() as folder:
        ...     _ = joblib.dump(fitted, Path(folder, "net.joblib"))
        ...     read_pickled(Path(folder, "net.joblib"), "cpu").classes
        ('no', 'yes')
    """

    require("sklearn", "joblib", extra="tables")
    import joblib

    try:
        found = joblib.load(path)
    except Exception as error:  # whatever the code in the file raises
        raise ValueError(
            f"{path.name} must be an estimator in a file of joblib or pickle, got: "
            f"{type(error).__name__}: {' '.join(str(error).split()):.200}"
        ) from error

    if not isinstance(found, Estimator):
        raise ValueError(  # noqa: TRY004
            f"{path.name} must be an estimator with predict, got {type(found).__name__}"
        )

    return KnownModel(found, classes_of(found))
