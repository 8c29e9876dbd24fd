"""Whole commands and experiments run as for users: types are checked elsewhere."""

from collections.abc import Iterator

import jaxtyping
import pytest


@pytest.fixture(autouse=True)
def unchecked() -> Iterator[None]:
    """Let tests call the library without checks of types, in half the time."""

    jaxtyping.config.update("jaxtyping_disable", value=True)

    yield

    jaxtyping.config.update("jaxtyping_disable", value=False)
