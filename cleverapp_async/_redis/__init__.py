"""The one way into Redis or Valkey, for limits and campaigns; needs the extra ``redis``.

Nothing here imports redis-py before a client is opened, except ``faults``, which is imported when
a call has failed.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

__all__ = ["RedisCommands"]


class RedisCommands(Protocol):
    """What is needed of a client of redis-py, single or of a cluster."""

    def execute_command(self, *args: str | int) -> Awaitable[object]:
        """Send one command; its answer."""
        ...
