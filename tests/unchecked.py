"""Calls without checks of types, where the same calls are checked elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

import jaxtyping
import pytest


@contextmanager
def unchecked_calls() -> Iterator[None]:
    """Call the library as users do, in half the time."""

    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", value=True)

    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", value=before)


@pytest.fixture(scope="module", autouse=True)
def unchecked() -> Iterator[None]:
    """Run whole commands and experiments as for users, and what a module makes once."""

    with unchecked_calls():
        yield
