"""Judge counterfactuals: apply metrics beside controls, and make a table."""

from diffeo.evaluation.comparison import compare, evaluate
from diffeo.evaluation.evaluation import Evaluation
from diffeo.evaluation.metric import Better, Metric
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.settings import Settings, quick_settings
from diffeo.evaluation.table import Table
from diffeo.evaluation.task import Task

__all__ = [
    "Better",
    "Evaluation",
    "Metric",
    "Reference",
    "Settings",
    "Table",
    "Task",
    "compare",
    "evaluate",
    "quick_settings",
]
