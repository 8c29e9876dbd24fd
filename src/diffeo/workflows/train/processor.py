"""Which processor computes, and for how long."""

import platform
from pathlib import Path

__all__ = ["processor_name", "processor_time"]

INFORMATION = Path("/proc/cpuinfo")  # on Linux, where the standard library has no name


def processor_name() -> str:
    """Return what the processor is called, or its kind where the system has no name.

    Example:
        >>> len(processor_name()) > 0
        True
    """

    lines = INFORMATION.read_text().splitlines() if INFORMATION.is_file() else []
    names = (
        line.partition(":")[2].strip()
        for line in lines
        if line.startswith("model name")
    )

    return next(names, "") or platform.processor() or platform.machine() or "unknown"


def processor_time(seconds: float, *, resumed: bool = False) -> str:
    """Return what a card says of the processor time of a training.

    Args:
        seconds: Processor time, of all threads together.
        resumed: Whether an earlier run, whose time is not known, began it.

    Example:
        >>> processor_time(90.0, resumed=True).partition(" on ")[0]
        '1.50 processor minutes since it was last resumed,'
    """

    since = " since it was last resumed," if resumed else ""

    return f"{seconds / 60:.2f} processor minutes{since} on {processor_name()}"
