"""What a computation keeps for its gradient."""

from collections import Counter

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.multiprocessing.reductions import StorageWeakRef

__all__ = ["Meter"]


class Meter:
    """Counts the bytes that a computation keeps for its gradient.

    A tensor counts from when it is saved until nothing needs it any more, and once
    however often it is saved. What outlives the computation, as weights do, does not.

    Example:
        >>> z, meter = torch.zeros(5, requires_grad=True), Meter()
        >>> with meter.watch():
        ...     gradient = torch.autograd.grad(z.exp().sum(), z)
        >>> meter.peak
        20
    """

    def __init__(self) -> None:
        self._holders: Counter[int] = Counter()
        self._changes: list[tuple[StorageWeakRef, int]] = []

    def watch(self) -> saved_tensors_hooks:
        """Return a context inside which to compute, backward pass included."""

        return saved_tensors_hooks(
            lambda value: _Saved(value, self), lambda saved: saved.value
        )

    @property
    def peak(self) -> int:
        """The most bytes kept at one time."""

        now = most = 0

        for change in self._gone():
            now += change
            most = max(most, now)

        return most

    @property
    def largest(self) -> int:
        """The bytes of the largest tensor kept."""

        return max(self._gone(), default=0)

    def hold(self, storage: torch.UntypedStorage) -> None:
        """Count a storage, if this is its first holder."""

        if not self._holders[storage.data_ptr()]:
            self._changes.append((StorageWeakRef(storage), storage.nbytes()))

        self._holders[storage.data_ptr()] += 1

    def release(self, storage: torch.UntypedStorage) -> None:
        """Count a storage no more, if this was its last holder."""

        self._holders[storage.data_ptr()] -= 1

        if not self._holders[storage.data_ptr()]:
            self._changes.append((StorageWeakRef(storage), -storage.nbytes()))

    def _gone(self) -> list[int]:
        """Return the changes by storages that exist no more."""

        return [change for storage, change in self._changes if storage.expired()]


class _Saved:
    def __init__(self, value: Tensor, meter: Meter) -> None:
        self.value = value
        self.meter = meter
        meter.hold(value.untyped_storage())

    def __del__(self) -> None:
        self.meter.release(self.value.untyped_storage())
