"""What a computation keeps for its gradient."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.multiprocessing.reductions import StorageWeakRef

__all__ = ["Meter"]


class Meter:
    """Counts what a computation keeps for its gradient.

    A tensor counts from when it is saved until nothing needs it any more, and once
    however often it is saved.
    """

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self._held: dict[int, _Held] = {}
        self._changes: list[tuple[_Held, int]] = []

    def watch(self) -> saved_tensors_hooks:
        """Return a context inside which to compute, backward pass included."""

        return saved_tensors_hooks(lambda value: _Saved(value, self), _unpack)

    @property
    def peak(self) -> int:
        """Most bytes kept at one time, but for what still exists, as weights do."""

        now = most = 0

        for held, change in self._changes:
            if held.storage.expired():
                now += change
                most = max(most, now)

        return most

    def hold(self, storage: torch.UntypedStorage) -> None:
        """Count a storage."""

        place, size = storage.data_ptr(), storage.nbytes()
        self.sizes.append(size)

        if place not in self._held:
            self._held[place] = _Held(StorageWeakRef(storage), size)
            self._changes.append((self._held[place], size))

        self._held[place].holders += 1

    def release(self, storage: torch.UntypedStorage) -> None:
        """Count a storage no more, if this was its last holder."""

        held = self._held[storage.data_ptr()]
        held.holders -= 1

        if not held.holders:
            self._changes.append((self._held.pop(storage.data_ptr()), -held.size))


@dataclass(eq=False)
class _Held:
    storage: StorageWeakRef
    size: int
    holders: int = 0


class _Saved:
    def __init__(self, value: Tensor, meter: Meter) -> None:
        self.value = value
        self.meter = meter
        meter.hold(value.untyped_storage())

    def __del__(self) -> None:
        self.meter.release(self.value.untyped_storage())


def _unpack(saved: _Saved) -> Tensor:
    return saved.value
