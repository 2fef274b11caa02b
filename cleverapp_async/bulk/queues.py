"""Messages that were read ahead, in a queue for each limit key, served in turn."""

from __future__ import annotations

import itertools
from collections import deque
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..limits.quota import LimitKey

__all__ = ["KeyQueues"]


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
