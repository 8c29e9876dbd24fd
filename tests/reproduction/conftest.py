"""Experiments run as for users: types of arguments are checked elsewhere."""

from collections.abc import Iterator

import jaxtyping
import pytest


@pytest.fixture(autouse=True)
def unchecked() -> Iterator[None]:
    """Let experiments call the library without checks of types, in half the time."""

    jaxtyping.config.update("jaxtyping_disable", value=True)

    yield

    jaxtyping.config.update("jaxtyping_disable", value=False)
