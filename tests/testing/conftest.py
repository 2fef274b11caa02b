"""Runs the tests of a user within a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

# A run within this process forgets what it has imported: what it needs is imported once, here.
from cleverapp_async import CleverAppClient
from cleverapp_async.testing import SimulatorThread, _pytest
from cleverapp_async.testing import quick_client_settings as _quick
from tests.testing.user_tests import HEAD, QUIET

if TYPE_CHECKING:
    from tests.testing.user_tests import Run

__all__ = ["CleverAppClient", "SimulatorThread", "_pytest", "_quick"]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the tests of a user, written behind ``HEAD``, in this process."""
    # Where it is set, pytest repeats each failure as a whole in its summary.
    monkeypatch.delenv("CI", raising=False)

    def run(tests: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_user=HEAD + tests)
        return pytester.runpytest_inprocess(*QUIET, *options)

    return run
