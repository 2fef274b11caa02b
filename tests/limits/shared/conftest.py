"""The servers of the tests of shared limits."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, cast

import pytest

from tests.redis_server import (
    ENGINES,
    FORGETFUL,
    Engine,
    RedisServer,
    choose_engines,
    redis_server,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.limits.shared.fleet import Place

_numbers = itertools.count()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What has a place runs on each kind of server, and on disk; the rest as everywhere."""
    if "place" in metafunc.fixturenames:
        engines = ENGINES[:1] if hasattr(metafunc.module, "ONE_ENGINE") else ENGINES
        metafunc.parametrize("engine", (*engines, "disk"), scope="session")
    else:
        choose_engines(metafunc)


@pytest.fixture(scope="session")
def url(request: pytest.FixtureRequest, engine: str) -> str | None:
    """The URL of the server for all tests; None where limits are kept on disk."""
    if engine == "disk":
        return None
    return cast("RedisServer", request.getfixturevalue("server")).url


@pytest.fixture
def place(url: str | None, tmp_path: Path) -> Place:
    """Where limits are kept together: the URL of a server, or a folder."""
    return tmp_path if url is None else url


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
