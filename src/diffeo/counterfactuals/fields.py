"""The fields of a record as tensors by name, and back."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

__all__ = ["STATED", "fields_of", "named_statements"]

STATED = "statement_"  # before the name of a statement among the tensors
PATH = "path_"


def named_statements(statements: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return statements by their names among all tensors.

    Args:
        statements: By their own names.

    Example:
        >>> import torch
        >>> list(named_statements({"rank": torch.zeros(2)}))
        ['statement_rank']
    """

    return {STATED + name: value for name, value in statements.items()}


def fields_of(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return the fields that a record's tensors make up; undo `named_statements`.

    Args:
        tensors: By name, as `Counterfactuals.tensors` returns them, and perhaps paths,
            which are left out.

    Example:
        >>> import torch
        >>> fields_of({"steps": torch.ones(1), "statement_rank": torch.zeros(1)})
        {'steps': tensor([1.]), 'statements': {'rank': tensor([0.])}}
    """

    stated = {
        name.removeprefix(STATED): value
        for name, value in tensors.items()
        if name.startswith(STATED)
    }
    fields = {
        name: value
        for name, value in tensors.items()
        if not name.startswith((STATED, PATH))
    }

    return fields | {"statements": stated}
