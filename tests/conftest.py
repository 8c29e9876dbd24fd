"""What all tests share."""

import gc
import os
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

# A process in the background of a shell ignores interrupts, which tests of them send.
signal.signal(signal.SIGINT, signal.default_int_handler)
NEIGHBOR = Path(__file__).parents[2] / "shared" / "data"


def pytest_collectstart() -> None:
    """Check types and shapes where tests run, not in what hands them to workers."""

    from checked import check_once

    check_once()
    gc.disable()


def pytest_collection_finish() -> None:
    """Collect garbage less often, and not among imports: it was a tenth of all time."""

    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


def pytest_runtest_setup() -> None:
    """Look at the first calls of all functions in each test."""

    from checked import CALLS

    CALLS.clear()


@pytest.fixture(scope="module", autouse=True)
def kept_apart() -> None:
    """Let collections look at what a module leaves, not at all that others imported.

    Searches that run out of memory collect all garbage, which took a second each.
    """

    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of data sets, or a skip where there is none."""

    folder = Path(os.environ.get("DIFFEO_DATA", NEIGHBOR))

    if not folder.is_dir():
        pytest.skip(f"no data sets in {folder}; set DIFFEO_DATA")

    return folder
