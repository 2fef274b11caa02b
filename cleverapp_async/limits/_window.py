"""One quota's slots, held by a request, spent until a moment, or free; and how many may be used.

A client that keeps a sliding window exactly is refused by no fixed window, sliding log or
bucket of the documented size. Repeated refusals therefore mean that the server has another
rule, or that another program uses the same quota; smaller bursts at the same rate suit most of
these cases: a key may use less of its burst after repeated refusals, more after clean windows.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from typing import TYPE_CHECKING, Protocol

from attrs import define

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .quota import Quota

__all__ = ["Holder", "Window"]

_COMPACT_FROM = 32


class Holder(Protocol):
    """Who holds a slot, as far as the window must know."""

    def release(self, window: Window) -> bool:
        """Let go of the slot in that window; False where the request has ended."""
        ...


class Window:
    """The slots of one quota.

    At most ``limit`` slots are taken at any moment, and a slot is taken from the grant of its
    request until one period after its stamp. The server counts a request at some moment between
    its start and its answer, and the stamp is not before the answer. So of the requests that the
    server counts within one period, each still has its slot when the last of them starts: there
    are never more than ``limit``.

    A slot is held from the grant until it is stamped, and spent for one period after its stamp.
    ``stamps`` is sorted; entries before ``head`` have been freed. ``released`` counts the
    requests still outstanding whose slot here is stamped already.
    """

    __slots__ = ("_capped", "head", "limit", "period", "released", "settle_within", "stamps")

    def __init__(self, quota: Quota) -> None:
        self.limit: int = quota.limit
        self.period: float = quota.period
        self.settle_within: float | None = quota.settle_within
        self.released: int = 0
        self.stamps: list[float] = []
        self.head: int = 0
        self._capped: deque[tuple[float, Holder]] | None = None

    @property
    def spent(self) -> int:
        """How many slots are spent, as of the last :meth:`advance`."""
        # Spent slots are the stamps from `head` on: each of them is younger than one period.
        return len(self.stamps) - self.head

    @property
    def next_cap(self) -> float:
        """The next moment at which a held slot is stamped by its cap."""
        return self._capped[0][0] if self._capped else math.inf

    def sent(self, now: float, holder: Holder) -> None:
        """A held slot's request leaves now: cap the hold where the quota says so."""
        if self.settle_within is not None:
            if self._capped is None:
                self._capped = deque()
            self._capped.append((now + self.settle_within, holder))

    def insert(self, at: float) -> None:
        """Stamp a held slot at a moment that others may have been stamped after."""
        insort(self.stamps, at, self.head)

    def prime(self, moments: Iterable[float]) -> None:
        """Spend slots for requests that were never held here; the newest of a window suffice."""
        # With `limit` of them spent nothing is granted, and the older ones are over sooner anyway.
        for moment in sorted(moments)[-self.limit :]:
            self.insert(moment)

    def advance(self, now: float) -> int:
        """Stamp the slots whose hold is capped, and free those whose period is over.

        Returns:
            How many slots are spent now.
        """
        capped = self._capped
        while capped and capped[0][0] <= now:
            at, holder = capped.popleft()
            if holder.release(self):
                # The request is still outstanding, and the limiter counts it as such: from here on
                # this window must not count it a second time, as it is among the stamps now.
                self.released += 1
                # Stamped at the moment of the cap, which may be earlier than now and than stamps
                # that other requests got since: so it is inserted, not appended.
                self.insert(at)
        stamps = self.stamps
        if not stamps:
            return 0
        if stamps[-1] + self.period <= now:
            # The newest is over, so all are: with a small quota that is the usual case.
            stamps.clear()
            self.head = 0
            return 0
        head, size = self.head, len(stamps)
        while head < size and stamps[head] + self.period <= now:
            head += 1
        # Freed stamps are passed over by `head`, and cut off when they are half of the list: moving
        # the rest then costs no more than was freed since the last cut.
        if head >= _COMPACT_FROM and head * 2 >= size:
            del stamps[:head]
            head = 0
        self.head = head
        return len(stamps) - head

    def free_at(self, outstanding: int, burst: int) -> float:
        """The first moment at which one more request may start, loop seconds.

        Args:
            outstanding: Requests granted and not ended.
            burst: The requests allowed at once, at most the limit: that many in any window
                of the same share of the period, besides the limit in the whole period.

        Returns:
            ``-inf`` for now, ``inf`` where it waits for a held slot to be stamped.
        """
        held = outstanding - self.released
        taken = held + self.spent
        if taken < burst:
            return -math.inf
        if held >= burst:
            return math.inf
        # One more may start once fewer than `burst` are taken: besides the held ones, at most
        # `burst - held - 1` spent ones may remain. The next older one has to be over by then: the
        # oldest of the newest `burst - held`. Stamps are sorted, the newest last, so that is
        # stamps[-(burst - held)]: the index is negative, as held < burst, and it never reaches the
        # freed stamps before `head`, as held + spent >= burst. Of the whole limit it is the same.
        moment = self.stamps[held - burst] + self.period * burst / self.limit
        if taken >= self.limit:
            moment = max(moment, self.stamps[held - self.limit] + self.period)
        return moment

    def earliest(self, now: float, outstanding: int, ahead: int) -> float:
        """The earliest moment for a request that has that many others before it."""
        held = outstanding - self.released
        # The newest of a window bind: more may be spent, where some were not granted here.
        oldest = max(self.head, len(self.stamps) - self.limit)
        spent = len(self.stamps) - oldest
        # This is a lower bound: it takes every held slot to be stamped now, and no stamp to come
        # earlier than that. Those ahead take the free slots first; who comes `later` than these
        # gets the slot that is freed so many stamps on. Beyond the stamps that are known slots come
        # round once a period, at the earliest as if they were stamped now.
        later = ahead - (self.limit - held - spent)
        if later < 0:
            return now
        rounds, slot = divmod(later, self.limit)
        first = self.stamps[oldest + slot] if slot < spent else now
        return first + self.period * (rounds + 1)


_MEMORY = 4
_PATIENCE = 2
_PATIENCE_CAP = 64


@define(eq=False, repr=False)
class Burst:
    """The share of its quotas' bursts that one limiter uses.

    Attributes:
        largest: The largest limit among the quotas.
        level: How often the burst is halved (0: whole).
        refusals: Refusals seen in all.
    """

    largest: int
    level: int = 0
    refusals: int = 0
    _streak: int = 0
    _last: float = float("-inf")
    _patience: int = _PATIENCE

    def of(self, limit: int) -> int:
        """The burst allowed now of a quota of that many."""
        return max(1, limit >> self.level)

    def refused(self, now: float, sent_at: float, period: float) -> int:
        """Count a refusal, and shrink when it repeats an earlier one.

        Refusals of requests that left before the last pause ended show nothing new.

        Args:
            now: The moment of the refusal, loop seconds.
            sent_at: The moment its request left.
            period: The longest window, seconds.

        Returns:
            How many times in a row it came to a refusal, from 1 up.
        """
        self.refusals += 1
        if sent_at < self._last:
            # It left before the pause that an earlier refusal of the same burst began: of many
            # requests on the wire at once the first refusal tells all that there is to learn.
            return self._streak
        if now - self._last <= _MEMORY * period:
            self._streak += 1
            # At the most as often as the largest limit can be halved and leave one. Each relapse
            # doubles the clean windows it takes to halve once less.
            self.level = min(self.level + 1, self.largest.bit_length() - 1)
            self._patience = min(self._patience * 2, _PATIENCE_CAP)
        else:
            self._streak = 1
        self._last = now
        return self._streak

    def paused(self, until: float) -> None:
        """Count the clean windows from the end of a pause, loop seconds."""
        self._last = max(self._last, until)

    def grow(self, now: float, period: float) -> None:
        """Undo one halving for every few windows that have been clean."""
        while self.level and now - self._last > self._patience * period:
            self.level -= 1
            # As if the last refusal had been later: the next step up takes as many windows again.
            self._last += self._patience * period
        if not self.level:
            self._patience = _PATIENCE

    def forgotten(self, now: float, period: float) -> bool:
        """Whether nothing is left to remember."""
        return not self.level and now - self._last > _MEMORY * period
