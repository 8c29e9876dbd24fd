"""What stops a command from outside, and when."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["deferred", "terminable"]

SIGNALS = signal.SIGINT, signal.SIGTERM


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

    heard = [
        number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN
    ]

    with _handled(heard, interrupt):
        yield lambda: None if received is None else 128 + received


@contextmanager
def deferred() -> Iterator[None]:
    """Let interrupts wait for the end of the block.

    For what should not end halfway, or calls libraries in which an interrupt gets lost:
    NumPy drops whatever is raised while it asks for a type of ctypes, as safetensors
    has it do. What ends the process at once still does.

    Example:
        >>> try:
        ...     with deferred():
        ...         signal.raise_signal(signal.SIGINT)
        ...         print("done")
        ... except KeyboardInterrupt:
        ...     print("interrupted")
        done
        interrupted
    """

    received: list[int] = []

    def defer(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        received.append(number)

    try:
        with _handled(
            [each for each in SIGNALS if callable(signal.getsignal(each))], defer
        ):
            yield
    finally:
        for number in received[:1]:
            signal.raise_signal(number)


@contextmanager
def _handled(
    numbers: Iterable[int], handler: Callable[[int, FrameType | None], None]
) -> Iterator[None]:
    """Handle signals within the block, if in the thread that receives them."""

    here = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, handler) for number in numbers if here}

    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
