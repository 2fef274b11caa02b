"""What every test may rely on: no setting of the developer's machine reaches it."""

from __future__ import annotations

import gc
import itertools
import logging
import os
import traceback
from asyncio import constants
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.measuring import begin_measuring
from tests.processes import begin_with_default_signals, end, started_by_us

if TYPE_CHECKING:
    from collections.abc import Iterator

# Time means nothing here, be it that of one example or that of making some: asyncio's debug mode,
# coverage and whatever else the machine does take their share. The same examples in every run: what
# passed once does not fail by chance elsewhere. ``--hypothesis-profile=chance`` looks for others,
# and its blob repeats a failure that it found.
settings.register_profile(
    "cleverapp_async",
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "chance",
    settings.get_profile("cleverapp_async"),
    max_examples=500,
    derandomize=False,
    print_blob=True,
)
settings.load_profile("cleverapp_async")

# In debug mode every future notes the stack that made it: the whole of it, unless told otherwise,
# pytest's forty frames included; and every callback the ten frames that scheduled it, which takes
# a seventh of the time of what is asynchronous. The innermost name the place as well.
traceback.extract_stack.__defaults__ = (None, 5)
constants.DEBUG_STACK_DEPTH = 2  # type: ignore[misc] # there is no other way to set it

# In debug mode asyncio also warns of every step that took long, which on a busy machine any may: no
# test that looks at what is logged is about that.
logging.getLogger("asyncio").addFilter(lambda record: "Executing %s took" not in str(record.msg))

begin_with_default_signals()

# Collecting makes hundreds of thousands of objects that live as long as the run: to look for
# garbage among them again and again would take as long as many of the tests together.
gc.disable()

_tests = itertools.count()


def pytest_configure(config: pytest.Config) -> None:
    """Let coverage measure as much as it takes, and no more."""
    begin_measuring(config)


def pytest_collection_finish() -> None:
    """From here on garbage is collected as ever, among what the tests themselves make."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _clean_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No token, address or file of limits of the developer's own reaches a test."""
    for name in [name for name in os.environ if name.startswith("CLEVERAPP_")]:
        monkeypatch.delenv(name)
    # It is made when it is first used, and most tests use none.
    state = tmp_path_factory.getbasetemp() / "state" / str(next(_tests))
    monkeypatch.setenv("CLEVERAPP_STATE_DIR", str(state))


@pytest.fixture(autouse=True)
def _processes_end_with_their_test() -> Iterator[None]:
    """What a test started ends with it, after a time-out too; a test must not rely on that."""
    before = started_by_us()
    yield
    left = started_by_us() - before
    end(left)
    assert not left, "the test left processes running"
