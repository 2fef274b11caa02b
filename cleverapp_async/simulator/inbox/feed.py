"""Tells everybody who listens what happened in the inbox, and never waits for any of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final, TypeAlias

from attrs import define, field

from .entries import Entry

Event: TypeAlias = Entry | str
"""A new entry, ``cleared``, or the name of what was changed, such as ``faults``."""

CLEARED: Final = "cleared"
LOST: Final = "lost"
"""Told in place of events that a listener was too slow for."""

_QUEUED: Final = 2000
"""Events that wait for one listener; beyond them it has to read everything anew."""


@define(eq=False)
class Listener:
    """What waits for one who listens."""

    _events: deque[Event] = field(init=False, factory=deque["Event"])
    _something: asyncio.Event = field(init=False, factory=asyncio.Event)
    closed: bool = field(init=False, default=False)

    def put(self, event: Event) -> None:
        """Add an event."""
        if len(self._events) >= _QUEUED:
            self._events.clear()
            event = LOST
        self._events.append(event)
        self._something.set()

    def close(self) -> None:
        """Wake it up for the last time."""
        self.closed = True
        self._something.set()

    async def wait(self, seconds: float) -> list[Event]:
        """Wait for events.

        Returns:
            Those that came, in their order; none where the time has passed, or it was closed.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._something.wait()
        events = list(self._events)
        self._events.clear()
        if not self.closed:
            self._something.clear()
        return events


@define(eq=False)
class Feed:
    """Knows who listens.

    Args:
        most: How many may listen at once.
    """

    most: int
    _listeners: set[Listener] = field(init=False, factory=set[Listener])
    _closed: bool = field(init=False, default=False)

    @property
    def full(self) -> bool:
        """Whether nobody else may listen."""
        return len(self._listeners) >= self.most

    def publish(self, event: Event) -> None:
        """Tell everybody of an event."""
        for listener in self._listeners:
            listener.put(event)

    @contextmanager
    def listen(self) -> Generator[Listener]:
        """Listen inside the ``with`` block."""
        listener = Listener()
        self._listeners.add(listener)
        if self._closed:
            listener.close()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def open(self) -> None:
        """Let listeners wait again."""
        self._closed = False

    def close(self) -> None:
        """End all waiting."""
        self._closed = True
        for listener in self._listeners:
            listener.close()
