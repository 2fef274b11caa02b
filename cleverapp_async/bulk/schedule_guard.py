"""Keeps a run within its schedule, whatever happens to the wall clock."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .dispatch import Dispatcher
    from .schedule import Schedule

__all__ = ["ScheduleGuard"]

_GLANCE = 30.0
"""Seconds after which the wall clock is looked at again: it may have been set anew."""


class ScheduleGuard:
    """Holds a dispatcher while the schedule is closed.

    Args:
        schedule: When messages may leave.
        clock: Unix seconds.
    """

    def __init__(self, schedule: Schedule, *, clock: Callable[[], float] = time.time) -> None:
        self._schedule = schedule
        self._clock = clock
        self.opens_at: float | None = None

    def is_open(self) -> bool:
        """Whether messages may leave now."""
        return self._schedule.is_open(self._clock())

    async def keep(self, dispatcher: Dispatcher) -> None:
        """Hold and release until cancelled."""
        while True:
            now = self._clock()
            if self._schedule.is_open(now):
                self.opens_at = None
                dispatcher.release()
                change = self._schedule.next_close(now)
            else:
                self.opens_at = self._schedule.next_open(now)
                dispatcher.hold()
                change = self.opens_at
            left = _GLANCE if change is None else max(0.0, change - now)
            await asyncio.sleep(min(left, _GLANCE))
