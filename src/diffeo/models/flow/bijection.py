"""Bijections with tractable log-determinants."""

import copy
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from diffeo.models.flow.invertible_backprop import Step
from diffeo.shapes import LogDet

__all__ = ["Bijection", "DataDependent", "initialize"]


class Bijection(nn.Module, ABC):
    """A differentiable map with a differentiable inverse, one row at a time.

    A new one is two methods, `forward` and `inverse`. The others are optional: what it
    can do besides, or do faster.

    Example:
        >>> class Shift(Bijection):
        ...     def forward(self, x):
        ...         return x + 1, x.new_zeros(len(x))
        ...
        ...     def inverse(self, y):
        ...         return y - 1, y.new_zeros(len(y))
        >>> Shift()(torch.zeros(1, 2))
        (tensor([[1., 1.]]), tensor([0.]))
    """

    @abstractmethod
    def forward(self, x: Tensor) -> tuple[Tensor, LogDet]:
        """Return y and log |det ∂y/∂x| of each row."""

    @abstractmethod
    def inverse(self, y: Tensor) -> tuple[Tensor, LogDet]:
        """Return x and log |det ∂x/∂y| of each row."""

    def inference(self, dtype: torch.dtype) -> "Bijection":  # noqa: ARG002
        """Return a form with constant parameters, those of now; faster if there is one.

        Args:
            dtype: Precision of the networks inside.
        """

        return copy.deepcopy(self).requires_grad_(requires_grad=False)

    def invertible(self) -> "Bijection | None":
        """Return a form with the same parameters that keeps only outputs, if any.

        Its backward pass recomputes what it passed through.
        """

        return None

    def steps(self) -> tuple[Step, Step] | None:
        """Return `forward` and `inverse` as steps that can be replayed, if they can.

        Only bijections that are accurately undone wherever they are used should offer
        it: a saturated one would not find its way back.
        """

        return None


class DataDependent(Bijection):
    """A bijection whose first parameters are read off a batch of data.

    Example:
        >>> from diffeo.models.flow.layers import ActivationNorm
        >>> norm = ActivationNorm(1)
        >>> norm.initialize(torch.tensor([1.0, 3.0]).reshape(2, 1, 1, 1))
        >>> norm.shift.item()
        -2.0
    """

    def __init__(self) -> None:
        super().__init__()
        self.initialized = nn.Buffer(torch.tensor(False))
        self._known_initialized = False

    @abstractmethod
    def set_parameters(self, x: Tensor) -> None:
        """Set the parameters from the batch that arrives at this part."""

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        """Set the parameters from the batch that arrives at this part, for good."""

        self.set_parameters(x)
        self.initialized.fill_(value=True)
        self._known_initialized = True

    def check_initialized(self) -> None:
        """Refuse to run with parameters that were neither set nor loaded.

        The device is asked until it says yes, and not at each run: that would wait for
        all that it computes.

        Raises:
            RuntimeError: If they were not.
        """

        self._known_initialized = self._known_initialized or bool(self.initialized)

        if not self._known_initialized:
            raise RuntimeError(
                f"{type(self).__name__} must be initialized with a batch of data or "
                "loaded weights before it runs; call initialize(flow, batch)"
            )


def initialize(model: nn.Module, batch: Tensor) -> None:
    """Run a batch forward and let each data-dependent part read its parameters off it.

    Args:
        model: A bijection, or a module that runs one on `batch`.
        batch: Data as the first part expects it.

    Example:
        >>> from diffeo.models.flow.layers import ActivationNorm
        >>> norm = ActivationNorm(1)
        >>> initialize(norm, torch.rand(9, 1, 4, 4))
        >>> bool(norm.initialized)
        True
    """

    hooks = [
        part.register_forward_pre_hook(_initialize)
        for part in model.modules()
        if isinstance(part, DataDependent)
    ]

    try:
        model(batch)
    finally:
        for hook in hooks:
            hook.remove()


def _initialize(part: nn.Module, arguments: tuple[Tensor]) -> None:
    if isinstance(part, DataDependent):
        part.initialize(arguments[0])
