"""What every test may rely on: no setting of the developer's machine reaches it."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# No deadline: asyncio's debug mode and coverage make the time of one example mean nothing. The blob
# repeats a failure that another machine found.
settings.register_profile("cleverapp_async", deadline=None, print_blob=True)
settings.load_profile("cleverapp_async")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token or address of the developer's own reaches a test."""
    for name in [name for name in os.environ if name.startswith("CLEVERAPP_")]:
        monkeypatch.delenv(name)
