"""Who is served next: interactive before bulk, scarce before plentiful, nobody never."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from typing import Generic, TypeVar

from attrs import define

from .quota import Lane

T = TypeVar("T")

BULK_EVERY = 4
"""While both lanes wait, at least every fourth grant goes to bulk."""

OLDEST_EVERY = 4
"""While scarce and plentiful wait in one lane, at least every fourth grant goes to the oldest."""

_RETURNED = 10_000


@define(eq=False)
class Waiter(Generic[T]):
    """One waiting request: a future, and its place in the queue."""

    future: asyncio.Future[T]
    lane: Lane
    band: int
    number: int


class _LaneOfBands(Generic[T]):
    """One lane: first in, first out per band of scarcity, scarcest band first."""

    __slots__ = ("_bands", "_passed_over", "size")

    def __init__(self) -> None:
        self._bands: dict[int, OrderedDict[Waiter[T], None]] = {}
        self._passed_over = 0
        self.size = 0

    def push(self, waiter: Waiter[T]) -> None:
        self._bands.setdefault(waiter.band, OrderedDict())[waiter] = None
        self.size += 1

    def remove(self, waiter: Waiter[T]) -> bool:
        band = self._bands.get(waiter.band)
        if band is None or waiter not in band:
            return False
        del band[waiter]
        self.size -= 1
        if not band:
            del self._bands[waiter.band]
        return True

    def pop(self) -> Waiter[T]:
        waiter = next(iter(self._bands[self._choose()]))
        self.remove(waiter)
        return waiter

    def _choose(self) -> int:
        scarcest = max(self._bands)
        if len(self._bands) == 1 or scarcest == _RETURNED:
            return scarcest
        oldest = min(self._bands, key=lambda band: next(iter(self._bands[band])).number)
        if oldest == scarcest or self._passed_over >= OLDEST_EVERY - 1:
            self._passed_over = 0
            return oldest
        self._passed_over += 1
        return scarcest


class LaneQueue(Generic[T]):
    """The waiters of one limiter, in the order in which they are served.

    Every operation is O(1) in the number of waiters.
    """

    __slots__ = ("_bulk", "_interactive", "_numbered", "_passed_over")

    def __init__(self) -> None:
        self._interactive: _LaneOfBands[T] = _LaneOfBands()
        self._bulk: _LaneOfBands[T] = _LaneOfBands()
        self._passed_over = 0
        self._numbered = 0

    def __len__(self) -> int:
        """How many wait."""
        return self._interactive.size + self._bulk.size

    def ahead_of(self, lane: Lane) -> int:
        """How many waiters a newcomer of that lane has before it."""
        interactive = self._interactive.size
        if lane is Lane.BULK:
            return interactive + self._bulk.size
        return interactive + min(self._bulk.size, interactive // BULK_EVERY)

    def push(
        self, future: asyncio.Future[T], lane: Lane, spacing: float, *, returned: bool
    ) -> Waiter[T]:
        """Queue a future behind those of its lane and scarcity."""
        band = _RETURNED if returned else math.frexp(spacing)[1] if spacing else -_RETURNED
        self._numbered += 1
        waiter = Waiter(future, lane, band, self._numbered)
        self._lane(lane).push(waiter)
        return waiter

    def remove(self, waiter: Waiter[T]) -> bool:
        """Take a waiter out; False where it is in no longer."""
        return self._lane(waiter.lane).remove(waiter)

    def pop(self) -> Waiter[T]:
        """Take out the waiter whose turn it is."""
        interactive, bulk = self._interactive, self._bulk
        if not bulk.size:
            return interactive.pop()
        if interactive.size and self._passed_over < BULK_EVERY - 1:
            self._passed_over += 1
            return interactive.pop()
        self._passed_over = 0
        return bulk.pop()

    def _lane(self, lane: Lane) -> _LaneOfBands[T]:
        return self._bulk if lane is Lane.BULK else self._interactive
