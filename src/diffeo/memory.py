"""How many rows fit into memory, and how many pay."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

__all__ = [
    "Meter",
    "available_bytes",
    "is_out_of_memory",
    "keep_freed",
    "rows_that_pay",
]

SHARE = 0.25  # of the free memory for what is kept; the rest for what comes and goes
CACHE = 8 * 2**20  # bytes of a batch's largest tensor beyond which a processor slows
MOST = 1024
CGROUPS = {  # limits and use of memory, in the two versions of Linux's control groups
    Path("/sys/fs/cgroup/memory.max"): Path("/sys/fs/cgroup/memory.current"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"): Path(
        "/sys/fs/cgroup/memory/memory.usage_in_bytes"
    ),
}
UNKNOWN = 2 * 2**30
LARGEST = 32 * 2**20 - 2**16  # bytes of a block that the GNU C library learns from
SIGNS = "out of memory", "can't allocate memory", "not enough memory"


def keep_freed() -> None:
    """Let the C library keep what tensors free for the tensors to come.

    Memory that is returned to the system comes back page by page, each cleared, which
    can take a sixth of a search. The GNU C library returns blocks at once that are
    larger than any returned before; it needs to have seen a large one.
    """

    torch.empty(LARGEST, dtype=torch.uint8)


class Meter:
    """Counts what a computation keeps for its gradient.

    A tensor counts from when it is saved until nothing needs it any more, and once
    however often it is saved.
    """

    def __init__(self) -> None:
        self.peak = 0
        self.sizes: list[int] = []
        self._now = 0
        self._held: dict[int, int] = {}

    def watch(self) -> saved_tensors_hooks:
        """Return a context inside which to compute, backward pass included."""

        return saved_tensors_hooks(lambda value: _Saved(value, self), _unpack)

    def hold(self, storage: torch.UntypedStorage) -> None:
        """Count a storage."""

        place, size = storage.data_ptr(), storage.nbytes()
        holders = self._held.get(place, 0)
        self._held[place] = holders + 1
        self._now += 0 if holders else size
        self.peak = max(self.peak, self._now)
        self.sizes.append(size)

    def release(self, storage: torch.UntypedStorage) -> None:
        """Count a storage no more, if this was its last holder."""

        place = storage.data_ptr()
        self._held[place] -= 1
        self._now -= 0 if self._held[place] else storage.nbytes()


class _Saved:
    def __init__(self, value: Tensor, meter: Meter) -> None:
        self.value = value
        self.meter = meter
        meter.hold(value.untyped_storage())

    def __del__(self) -> None:
        self.meter.release(self.value.untyped_storage())


def _unpack(saved: _Saved) -> Tensor:
    return saved.value


def rows_that_pay(
    work: Callable[[int], object], rows: int, device: torch.device
) -> int:
    """Return how many rows to compute together.

    That is as many as fit into a share of the free memory, on a processor no more than
    keep its largest tensor near the caches, and a power of two. One row and two are
    tried; what the second adds is what a row needs.

    Args:
        work: Computes so many rows, backward pass included.
        rows: How many there are.
        device: Where.
    """

    if rows == 1:
        return 1

    one, two = Meter(), Meter()

    try:
        for count, meter in ((2, two), (1, one)):
            with meter.watch():
                work(count)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise

        return 1

    each = max(two.peak - one.peak, 1)
    fitting = int(SHARE * available_bytes(device)) // each
    paying = CACHE // _largest(one, two) if device.type == "cpu" else MOST
    most = max(1, min(fitting, paying, MOST))

    return min(rows, 1 << (most.bit_length() - 1))


def _largest(one: Meter, two: Meter) -> int:
    """Return by how much at most the same tensor is larger with two rows than one."""

    pairs = zip(one.sizes, two.sizes, strict=False)

    return max((more - less for less, more in pairs if more > less), default=1)


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an error says that memory ran out."""

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True

    return any(sign in str(error).lower() for sign in SIGNS)


def available_bytes(device: torch.device) -> int:
    """Return how much memory is free on a device."""

    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)

        return int(free)

    return min([_free_of_host(), *_free_of_groups()])


def _free_of_host() -> int:
    facts = Path("/proc/meminfo")

    if not facts.is_file():
        return UNKNOWN

    lines = dict(line.split(":") for line in facts.read_text().splitlines())

    return int(lines["MemAvailable"].split()[0]) * 1024


def _free_of_groups() -> list[int]:
    found = []

    for limit, use in CGROUPS.items():
        if limit.is_file() and use.is_file():
            most = limit.read_text().strip()

            if most.isdecimal():
                found.append(max(0, int(most) - int(use.read_text())))

    return found
