"""Messages that were read ahead, in a queue for each limit key, and how many leave at once.

The queues are served in turn. Few messages are on the wire until the service is seen to work.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..limits.quota import LimitKey

__all__ = ["KeyQueues", "Seat", "WireSeats"]


class _Ordered(Protocol):
    def __lt__(self, other: Self, /) -> bool: ...


T = TypeVar("T", bound=_Ordered)


class _Queue(Generic[T]):
    """The items of one key."""

    __slots__ = ("in_work", "items", "ready", "width")

    def __init__(self, width: int) -> None:
        self.items: deque[T] = deque()
        self.width = width
        self.in_work = 0
        self.ready = False


class KeyQueues(Generic[T]):
    """Hands out items so that every key gets its turn, and no key more than its limit can use.

    A key has at most as many items in work as its limit lets through at once: more would only
    queue at the limiter. Items of a key are put in in their order.

    What is done for every item takes constant time: to put, take and finish one, however many keys
    and items there are. :meth:`put_back` looks through the items of its key that come before the
    item's place, :meth:`by_key` through the keys, and :meth:`rest` through everything.

    Args:
        width_of: How many items of a key may be in work at once.
    """

    def __init__(self, width_of: Callable[[LimitKey | None], int]) -> None:
        self._width_of = width_of
        self._queues: dict[LimitKey | None, _Queue[T]] = {}
        self._turns: deque[LimitKey | None] = deque()
        self.waiting: int = 0

    @property
    def ready(self) -> bool:
        """Whether some item could be started now."""
        return bool(self._turns)

    def put(self, key: LimitKey | None, item: T) -> None:
        """Queue an item behind those of its key."""
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = _Queue(self._width_of(key))
        queue.items.append(item)
        self.waiting += 1
        self._consider(key, queue)

    def put_back(self, key: LimitKey | None, item: T) -> None:
        """Queue an item that is in work where it was: before the later ones of its key."""
        queue = self._queues[key]
        earlier = itertools.takewhile(lambda other: other < item, queue.items)
        # Messages of a key leave in the order in which they were given, also around quiet hours:
        # the end of the queue would put a message that was held behind thousands of others.
        queue.items.insert(sum(1 for _ in earlier), item)
        self.waiting += 1
        self._consider(key, queue)

    def queued(self, key: LimitKey | None) -> int:
        """How many items of a key are queued."""
        queue = self._queues.get(key)
        return 0 if queue is None else len(queue.items)

    def take(self) -> tuple[LimitKey | None, T]:
        """Take the next item of the key whose turn it is, into work."""
        key = self._turns.popleft()
        queue = self._queues[key]
        queue.ready = False
        queue.in_work += 1
        self.waiting -= 1
        item = queue.items.popleft()
        # Behind all other keys that have something to start: a key with a million messages is
        # served as often as one with three.
        self._consider(key, queue)
        return key, item

    def done(self, key: LimitKey | None) -> None:
        """An item of that key is no longer in work."""
        queue = self._queues[key]
        queue.in_work -= 1
        self._consider(key, queue)
        # Keys without messages are forgotten: with contacts of many bots there is no end to them.
        if not queue.in_work and not queue.items:
            del self._queues[key]

    def rest(self) -> Iterator[tuple[LimitKey | None, T]]:
        """Take out everything that is not in work."""
        self._turns.clear()
        for key, queue in list(self._queues.items()):
            queue.ready = False
            while queue.items:
                self.waiting -= 1
                yield key, queue.items.popleft()
            if not queue.in_work:
                del self._queues[key]

    def by_key(self) -> dict[LimitKey | None, tuple[int, int]]:
        """Per key: how many wait, how many are in work."""
        return {key: (len(queue.items), queue.in_work) for key, queue in self._queues.items()}

    def _consider(self, key: LimitKey | None, queue: _Queue[T]) -> None:
        # Round robin: a key stands in the line of turns once at most, which `ready` says, and goes
        # to its end each time that one of its items is taken.
        if queue.items and not queue.ready and queue.in_work < queue.width:
            queue.ready = True
            self._turns.append(key)


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
        """Take a seat, if one is free and no other message waits for it."""
        # Not past those who wait, although a seat is free: it is about to be theirs.
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
        # Only where the seats were what kept more from leaving: an answer to a lone message says
        # nothing about how many at once the service can take.
        if self._taken >= self._seats:
            self._seats = min(self._seats + 1, self._most)
            self._admit()

    def shrink(self) -> None:
        """The service may not work: one at a time, until it is seen to."""
        # Those that are on the wire by now keep their seats until they leave: `_taken` may be above
        # `_seats` for a while, and nobody is admitted before it is below.
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
        # `leave` and not a flag: the next one who waits gets the seat at once. If this message
        # comes late after all, `take` asks for a seat anew.
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
