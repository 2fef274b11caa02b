"""Which waiter is served next: interactive before bulk, scarce before plentiful, none starves."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from typing import Generic, TypeVar

from attrs import define

from .._arguments import check_instance, check_seconds, wrong_setting
from .quota import Lane

T = TypeVar("T")

BULK_EVERY = 4
"""While both lanes wait, at least every fourth grant goes to bulk."""

OLDEST_EVERY = 4
"""While waiters of several scarcities are in one lane, at least every fourth grant goes to the
oldest waiter."""

_RETURNED = 10_000


@define(eq=False, repr=False)
class Waiter(Generic[T]):
    """One waiting request: a future, and its place in the queue."""

    future: asyncio.Future[T]
    lane: Lane
    band: int
    number: int


def check_place(lane: object, spacing: object) -> None:
    """Make sure that a waiter can be given its place.

    Raises:
        ConfigurationError: An argument cannot work; it is named.
    """
    check_instance("lane", lane, Lane, "a Lane, such as Lane.BULK", wrong_setting)
    check_seconds("spacing", spacing, wrong_setting, zero=True)


def _band(spacing: float, *, returned: bool) -> int:
    """Which waiters count as equally scarce: a higher band is served first."""
    if returned:
        return _RETURNED
    # The binary exponent: spacings within a factor of two are one band, so that keys of nearly the
    # same quota are served in the order in which they came.
    return math.frexp(spacing)[1] if spacing else -_RETURNED


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
        bands = self._bands
        band = scarcest = max(bands)
        if len(bands) > 1 and scarcest != _RETURNED:
            # Numbers rise with every push, and each band is in order: the oldest of all is the
            # first of some band.
            oldest = min(bands, key=lambda band: next(iter(bands[band])).number)
            if self._passed_over >= OLDEST_EVERY - 1:
                band = oldest
            waiter = next(iter(bands[band]))
            # A waiter that was cancelled gets no grant, so it does not count in anybody's share.
            if not waiter.future.done():
                self._passed_over = 0 if band == oldest else self._passed_over + 1
        else:
            waiter = next(iter(bands[band]))
        self.remove(waiter)
        return waiter

    def size_from(self, band: int) -> int:
        """How many wait in that band and in scarcer ones."""
        return sum(len(waiters) for other, waiters in self._bands.items() if other >= band)


class LaneQueue(Generic[T]):
    """The waiters of one limiter, in the order in which they are served.

    No operation takes longer with more waiters. ``pop`` and ``ahead_of`` look at each band of
    scarcity that has waiters, and there are only a few.
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

    def ahead_of(self, lane: Lane, spacing: float, *, returned: bool) -> int:
        """How many waiters are served before such a newcomer, at the least."""
        band, served_since = _band(spacing, returned=returned), self._passed_over
        if lane is Lane.BULK:
            # Before each bulk grant go at most BULK_EVERY - 1 interactive ones, so many times as
            # there are bulk grants up to the newcomer's own; those since the last one have gone.
            own = self._bulk.size_from(band)
            allowed = (BULK_EVERY - 1) * (own + 1) - served_since
            return own + min(self._interactive.size, allowed)
        # One bulk grant follows every BULK_EVERY - 1 interactive ones, those that have gone since
        # the last bulk grant counted in.
        own = self._interactive.size_from(band)
        return own + min(self._bulk.size, (own + served_since) // (BULK_EVERY - 1))

    def push(
        self, future: asyncio.Future[T], lane: Lane, spacing: float, *, returned: bool
    ) -> Waiter[T]:
        """Queue a future behind those of its lane and scarcity."""
        self._numbered += 1
        waiter = Waiter(future, lane, _band(spacing, returned=returned), self._numbered)
        self._lane(lane).push(waiter)
        return waiter

    def remove(self, waiter: Waiter[T]) -> bool:
        """Take a waiter out; False if it is not in the queue any more."""
        return self._lane(waiter.lane).remove(waiter)

    def pop(self) -> Waiter[T]:
        """Take out the waiter whose turn it is."""
        interactive, bulk = self._interactive, self._bulk
        # `_passed_over` counts the interactive grants since bulk had its last one, while bulk
        # waited: at BULK_EVERY - 1 it is bulk's turn, whoever else waits.
        if not bulk.size:
            return interactive.pop()
        if interactive.size and self._passed_over < BULK_EVERY - 1:
            waiter, passed_over = interactive.pop(), self._passed_over + 1
        else:
            waiter, passed_over = bulk.pop(), 0
        # A cancelled waiter takes no slot, so that nobody was passed over for it.
        if not waiter.future.done():
            self._passed_over = passed_over
        return waiter

    def _lane(self, lane: Lane) -> _LaneOfBands[T]:
        return self._bulk if lane is Lane.BULK else self._interactive
