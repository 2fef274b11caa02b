"""How many messages are on the wire at once: no more than there is reason to trust the service."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Flight"]


class Flight:
    """Seats on the wire: few at first, more with every answer that was awaited, one after trouble.

    Whatever has left when the service fails fails with it. So a run has no more on the wire than
    the answers keep up with: a seat more for each success that comes while all are taken, as
    in the slow start of TCP, which soon is as many as the limits let through; and a
    single one, as a probe, from the first trouble to the next success.

    Args:
        first: Seats at the beginning.
        most: Seats at most.
    """

    def __init__(self, first: int, most: int) -> None:
        self._most = most
        self._seats = min(first, most)
        self._taken = 0
        self._waiters: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """Take a seat, if one is free and nobody waits for it."""
        if self._taken >= self._seats or self._waiters:
            return False
        self._taken += 1
        return True

    def take_again(self) -> None:
        """Take a seat whether or not one is free: for those whom the server sent back."""
        self._taken += 1

    async def wait(self) -> None:
        """Take a seat when one is free, first come, first served."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(future)
        self._admit()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Give a seat back."""
        self._taken -= 1
        self._admit()

    def trust(self) -> None:
        """The service works; said by somebody who still has a seat."""
        if self._taken >= self._seats:
            self._seats = min(self._seats + 1, self._most)
            self._admit()

    def doubt(self) -> None:
        """The service may not work: one at a time, until it is seen to."""
        self._seats = 1

    def _admit(self) -> None:
        while self._waiters and self._taken < self._seats:
            future = self._waiters.popleft()
            if not future.done():
                self._taken += 1
                future.set_result(None)
