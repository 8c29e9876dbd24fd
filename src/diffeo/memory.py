"""How many rows fit into memory, and how many pay."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from diffeo.meter import Meter

__all__ = ["Need", "available_bytes", "is_out_of_memory", "keep_freed"]

SHARE = 0.25  # of the free memory that is easily spared for what is kept
LIMIT = 0.6  # of it that can be spared; the rest is for what comes and goes
TOO_MUCH = 1 << 60  # bytes that no memory has
CACHE = 16 * 2**20  # bytes of a batch's largest tensor beyond which a processor slows
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

    Example:
        >>> keep_freed()
    """

    torch.empty(LARGEST, dtype=torch.uint8)


@dataclass(frozen=True)
class Need:
    """What each row of a computation needs.

    Args:
        kept: Bytes that a row keeps for its gradient.
        widest: Bytes of a row in the largest tensor that is kept.
        device: Where the computation takes place.

    Example:
        >>> Need(1000, 100, torch.device("cpu")).fits(3)
        True
    """

    kept: int
    widest: int
    device: torch.device

    @classmethod
    def of(cls, work: Callable[[], object], device: torch.device) -> "Need":
        """Return what a row needs, from computing one.

        Args:
            work: Computes one row, backward pass included.
            device: Where it does.
        """

        meter = Meter()

        try:
            with meter.watch():
                work()
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise

            return cls(TOO_MUCH, 1, device)

        return cls(max(meter.peak, 1), max(meter.largest, 1), device)

    def fits(self, rows: int) -> bool:
        """Return whether so many rows fit into the free memory."""

        return rows * self.kept <= LIMIT * available_bytes(self.device)

    def rows_that_pay(self, rows: int) -> int:
        """Return how many rows to compute together.

        That is as many as easily fit into the free memory, on a processor no more than
        keep its largest tensor near the caches, and a power of two.

        Args:
            rows: How many rows there are.
        """

        fitting = int(SHARE * available_bytes(self.device)) // self.kept
        paying = CACHE // self.widest if self.device.type == "cpu" else MOST
        most = max(1, min(fitting, paying, MOST))

        return min(rows, 1 << (most.bit_length() - 1))


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an error says that memory ran out.

    Example:
        >>> is_out_of_memory(RuntimeError("CUDA out of memory"))
        True
    """

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True

    return any(sign in str(error).lower() for sign in SIGNS)


def available_bytes(device: torch.device) -> int:
    """Return how much memory is free on a device.

    Example:
        >>> available_bytes(torch.device("cpu")) > 0
        True
    """

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
