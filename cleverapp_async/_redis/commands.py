"""What a command of Redis is made of, and what it is given to."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeAlias

__all__ = ["RedisCommands", "Value"]

Value: TypeAlias = "str | int | float | bytes"
"""What a command is made of."""


class RedisCommands(Protocol):
    """What is needed of a client of redis-py, single or of a cluster."""

    def execute_command(self, *args: str | int) -> Awaitable[object]:
        """Send one command; its answer."""
        ...
