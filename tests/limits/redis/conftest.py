"""The servers of the tests of shared limits."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.limits.redis.server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Generator

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server() -> Generator[RedisServer]:
    """One server for all tests that leave it alive."""
    with RedisServer() as started:
        yield started


@pytest.fixture
def own_server() -> Generator[RedisServer]:
    """A server of the test's own, to be frozen and killed."""
    with RedisServer() as started:
        yield started


@pytest.fixture
def prefix() -> str:
    """A prefix that no other test uses."""
    return f"test-{next(_numbers)}"
