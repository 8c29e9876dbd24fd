"""What all tests share."""

import os
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from checked import check_once

check_once()

# A process in the background of a shell ignores interrupts, which tests of them send.
signal.signal(signal.SIGINT, signal.default_int_handler)

NEIGHBOR = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of data sets, or a skip where there is none."""

    folder = Path(os.environ.get("DIFFEO_DATA", NEIGHBOR))

    if not folder.is_dir():
        pytest.skip(f"no data sets in {folder}; set DIFFEO_DATA")

    return folder
