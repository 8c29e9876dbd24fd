"""The ways to stop a command from outside."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["terminable"]


@contextmanager
def terminable() -> Iterator[Callable[[], int | None]]:
    """Let SIGTERM interrupt the block as Ctrl-C does.

    Yields:
        What returns the exit code for an interrupt: 130 after Ctrl-C, 143 after
        SIGTERM, None if there was neither.

    Example:
        >>> with terminable() as exit_code:
        ...     print(exit_code())
        None
    """

    received: signal.Signals | None = None

    def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        nonlocal received
        received = signal.Signals(number)

        raise KeyboardInterrupt

    here = threading.current_thread() is threading.main_thread()  # which has signals
    before = {
        number: signal.signal(number, interrupt)
        for number in (signal.SIGINT, signal.SIGTERM)
        if here and signal.getsignal(number) is not signal.SIG_IGN
    }

    try:
        yield lambda: None if received is None else 128 + received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
