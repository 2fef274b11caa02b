"""The servers of the tests of shared limits."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.redis_server import FORGETFUL, Engine, RedisServer, choose_engines, redis_server

if TYPE_CHECKING:
    from collections.abc import Iterator

_numbers = itertools.count()


pytest_generate_tests = choose_engines


@pytest.fixture(scope="session")
def server(engine: Engine) -> Iterator[RedisServer]:
    """One server for all tests that leave it alive."""
    with redis_server(settings=FORGETFUL, engine=engine) as started:
        yield started


@pytest.fixture
def own_server(engine: Engine) -> Iterator[RedisServer]:
    """A server of the test's own, to be frozen and killed."""
    with redis_server(settings=FORGETFUL, engine=engine) as started:
        yield started


@pytest.fixture
def prefix() -> str:
    """A prefix that no other test uses."""
    return f"test-{next(_numbers)}"
