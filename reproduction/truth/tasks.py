"""All tasks by name."""

from collections.abc import Mapping

from reproduction.truth.digits import BRIGHTNESS, PATCH
from reproduction.truth.figures import SIZE
from reproduction.truth.strokes import THICKNESS
from reproduction.truth.task import Task
from reproduction.truth.xrays import MARKER

__all__ = ["TASKS"]

TASKS: Mapping[str, Task] = {
    task.cue: task for task in (SIZE, MARKER, BRIGHTNESS, PATCH, THICKNESS)
}
