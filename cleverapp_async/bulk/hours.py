"""Keeps a run within its schedule, whatever happens to the wall clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import define, field

from .schedule import Schedule

if TYPE_CHECKING:
    from .dispatch import Dispatcher

__all__ = ["Hours"]

_GLANCE = 30.0
"""Seconds after which the wall clock is looked at again: it may have been set anew."""


@define(eq=False)
class Hours:
    """Holds a dispatcher while the schedule is closed.

    Args:
        schedule: When messages may leave.
        clock: Unix seconds.
    """

    schedule: Schedule
    clock: Callable[[], float] = field(default=time.time, kw_only=True)
    opens_at: float | None = field(default=None, init=False)

    def is_open(self) -> bool:
        """Whether messages may leave now."""
        return self.schedule.is_open(self.clock())

    async def keep(self, dispatcher: Dispatcher) -> None:
        """Hold and release until cancelled."""
        while True:
            now = self.clock()
            if self.schedule.is_open(now):
                self.opens_at = None
                dispatcher.release()
                change = self.schedule.next_close(now)
            else:
                self.opens_at = self.schedule.next_open(now)
                dispatcher.hold()
                change = self.opens_at
            left = _GLANCE if change is None else max(0.0, change - now)
            await asyncio.sleep(min(left, _GLANCE))
