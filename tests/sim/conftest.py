"""Simulated towns log thousands of lines, which are dropped."""

from collections.abc import Iterator

import pytest

from oacmail import log


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    before, log.sink = log.sink, lambda event: None
    yield
    log.sink = before
