"""Two tables, the estimators that are explained, and which columns are limited."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from reproduction.several import COUNT
from reproduction.tables.questions import Ask, lower_quartile, other_class

__all__ = ["ANSWER", "CASES", "QUICK", "SEVERAL", "Case"]

ANSWER = "answer"
SEVERAL, STAY = "several", "stay_"
Options = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Case:
    """A table, the estimators that are explained, and the columns that are limited.

    Args:
        read: Returns the table, with the answers as its last column.
        estimators: To be fitted, by name.
        ask: What is wanted of unseen rows.
        frozen: Columns that must not change, with commas between them.
        one_way: A column of numbers that must not fall, or must not rise.
        how: Further options of `diffeo fit`.
        steps: Most steps of a search.
    """

    read: Callable[[], pd.DataFrame]
    estimators: Mapping[str, Any]
    ask: Ask
    frozen: str
    one_way: str
    how: Options = field(default_factory=dict)
    steps: int = 1000

    def runs(self, estimator: str) -> dict[str, Options]:
        """Return options of `diffeo explain`, by what results are called.

        Args:
            estimator: Its name; of the first one several of each row are asked too.

        Each is also asked to stay typical.
        """

        limits: dict[str, Options] = {
            "free": {},
            "frozen": {"frozen": self.frozen},
            "up": {"only_up": self.one_way},
            "down": {"only_down": self.one_way},
        }

        if estimator == next(iter(self.estimators)):
            limits[SEVERAL] = {"several": COUNT}

        return {
            f"{prefix}{name}": {"steps": self.steps, **each, **also}
            for prefix, also in {"": {}, STAY: {"stay_typical": True}}.items()
            for name, each in limits.items()
        }


def _cancer() -> pd.DataFrame:
    found = load_breast_cancer(as_frame=True)

    return found.data.assign(**{ANSWER: found.target_names[found.target]})


def _diabetes() -> pd.DataFrame:
    found = load_diabetes(as_frame=True, scaled=False)

    return found.data.assign(**{ANSWER: found.target})


CASES = {
    "cancer": Case(
        _cancer,
        {
            "forest": RandomForestClassifier(random_state=0),
            "boosting": HistGradientBoostingClassifier(random_state=0),
            "tree": DecisionTreeClassifier(random_state=0),
            "linear": make_pipeline(StandardScaler(), LogisticRegression()),
        },
        other_class,
        frozen="mean texture,mean smoothness",
        one_way="mean radius",
    ),
    "diabetes": Case(
        _diabetes,
        {
            "forest": RandomForestRegressor(random_state=0),
            "boosting": HistGradientBoostingRegressor(random_state=0),
            "tree": DecisionTreeRegressor(random_state=0),
            "linear": make_pipeline(StandardScaler(), Ridge()),
        },
        lower_quartile,
        frozen="age,sex",
        one_way="bmi",
        how={"categories": "sex"},
    ),
}
SMALL = RandomForestRegressor(10, max_depth=4, random_state=0)
QUICK = {
    "diabetes": replace(
        CASES["diabetes"],
        estimators={"forest": SMALL},
        how={"categories": "sex", "epochs": 2},
        steps=10,
    )
}
