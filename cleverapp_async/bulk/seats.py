"""How many messages are on the wire at once: few, until the service is seen to work."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Seat", "WireSeats"]

_LAPSE = 0.25
"""Seconds after which a message gives up a seat that it waited for and has not used."""


class WireSeats:
    """Seats on the wire: few at first, more with each answer, and one after an error.

    Messages that are on the wire when the service fails are lost with it. So the number of seats
    grows with the answers, as in the slow start of TCP: one more for each success that comes while
    all seats are taken, which soon is as many as the limits let through. From the first error to
    the next success there is a single seat, as a probe.

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

    def take_anyway(self) -> None:
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
            # It was given a seat in the very turn of the loop in which it was cancelled.
            if future.done() and not future.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Give a seat back."""
        self._taken -= 1
        self._admit()

    def grow(self) -> None:
        """The service works: add a seat if all are taken, the one of this message included."""
        if self._taken >= self._seats:
            self._seats = min(self._seats + 1, self._most)
            self._admit()

    def shrink(self) -> None:
        """The service may not work: one at a time, until it is seen to."""
        self._seats = 1

    def _admit(self) -> None:
        while self._waiters and self._taken < self._seats:
            future = self._waiters.popleft()
            if not future.done():
                self._taken += 1
                future.set_result(None)


class Seat:
    """The seat of one message: taken at the last moment before it leaves, then given back.

    A message tries to take a seat only once its limits have let it through. Where none is free it
    gives the limits' slots back and waits for a seat without them, so that it keeps nobody else
    from the limits. The seat that it gets then is its own for a moment only: it must win its limits
    again, which may be paused by now, and a seat that nobody uses keeps others from the wire.

    Args:
        seats: The seats of the run.
    """

    __slots__ = ("_lapse", "_seats", "_sent_back", "_taken")

    def __init__(self, seats: WireSeats) -> None:
        self._seats = seats
        self._taken = False
        self._sent_back = False
        self._lapse: asyncio.TimerHandle | None = None

    def take(self) -> bool:
        """Take the seat for good, if it was waited for or one is free.

        Returns:
            Whether the message has one now.
        """
        self._stop_lapse()
        if not self._taken:
            if self._sent_back:
                self._seats.take_anyway()
            elif not self._seats.take():
                return False
            self._taken = True
        return True

    async def wait(self) -> None:
        """Wait for a free seat, and hold it until :meth:`take` is called, a moment at most."""
        await self._seats.wait()
        self._taken = True
        self._lapse = asyncio.get_running_loop().call_later(_LAPSE, self.leave)

    def leave(self) -> None:
        """Give the seat back, if it has one."""
        self._stop_lapse()
        if self._taken:
            self._taken = False
            self._seats.leave()

    def send_back(self) -> None:
        """Give the seat back, as the server refused the message for a limit.

        Waiting for that limit may take long, so that it keeps no seat meanwhile. Its turn on the
        wire had come, so that it needs no free one afterwards.
        """
        self._sent_back = True
        self.leave()

    def _stop_lapse(self) -> None:
        if self._lapse is not None:
            self._lapse.cancel()
            self._lapse = None
