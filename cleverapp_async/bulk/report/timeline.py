"""Sends over time, by limit key, in few bins, beside what the limits allow in a bin."""

from __future__ import annotations

import math
from collections.abc import Iterable

from attrs import define, field, frozen

from ...limits.quota import LimitKey, Quota, QuotasOf

__all__ = ["BINS", "KEYS_DRAWN", "Bars", "Binning", "Timeline"]

BINS = 240
"""How many bins a timeline has at most."""

KEYS_DRAWN = 8
"""How many limit keys have a chart of their own."""

# Milliseconds. Each width is a multiple of the one before, so that bins merge without a remainder.
_WIDTHS = (
    *(100, 200, 1_000, 2_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000),
    *(3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000, 604_800_000),
)
_UNLIMITED_WIDTH = 1_000


@frozen
class Bars:
    """One chart: sends in each bin.

    Attributes:
        key: Whose sends; None for those of unknown route, and for all together.
        counts: Sends by bin.
        quotas: What limits them.
        most: How many the quotas let into one bin; None where nothing limits them.
    """

    key: LimitKey | None
    counts: tuple[int, ...]
    quotas: tuple[Quota, ...] = ()
    most: int | None = None

    @property
    def total(self) -> int:
        """Sends in all."""
        return sum(self.counts)

    @property
    def peak(self) -> int:
        """Sends in the fullest bin."""
        return max(self.counts, default=0)


@frozen
class Timeline:
    """Sends over time; every chart has the same bins.

    Attributes:
        start: When the first bin begins, in Unix seconds.
        width: Seconds in a bin, no fewer than the longest period of the keys' quotas.
        all: All sends, against the account's quotas.
        keys: One chart for each limit key, the busiest first, at most :data:`KEYS_DRAWN`.
        left_out: Keys that have no chart.
    """

    start: float
    width: float
    all: Bars
    keys: tuple[Bars, ...]
    left_out: int

    @property
    def end(self) -> float:
        """When the last bin ends, in Unix seconds."""
        return self.start + self.width * len(self.all.counts)

    def last_send(self, until: float) -> float:
        """When the last bin with a send ends, no later than a moment, in Unix seconds.

        Args:
            until: The moment; before the first send the start of the timeline is given.
        """
        counts = self.all.counts
        place = min(int((until - self.start) // self.width), len(counts) - 1)
        while place >= 0 and not counts[place]:
            place -= 1
        return min(self.start + self.width * (max(place, -1) + 1), until)


def _next_width(width: int) -> int:
    return next((wider for wider in _WIDTHS if wider > width), 2 * width)


def _most(quotas: Iterable[Quota], width: float) -> int | None:
    """How many sends fit into a bin: whole periods, as windows of one period tile it."""
    # The tiny part taken off is for periods that fit into the width without a remainder, of which a
    # float's quotient may lie a hair above the whole number.
    fitting = (quota.limit * math.ceil(width / quota.period - 1e-9) for quota in quotas)
    return min(fitting, default=None)


@define
class Binning:
    """Counts sends as they come, in any order, and merges bins as their span grows.

    Args:
        quotas_of: What limits a key.
        keys: The keys that will come, whose longest period is the least width of a bin.
    """

    _quotas_of: QuotasOf
    _width: int = field(init=False, default=0)
    _keys: Iterable[LimitKey | None] = field(kw_only=True, alias="keys", repr=False)
    _counts: dict[LimitKey | None, dict[int, int]] = field(
        init=False, factory=dict[LimitKey | None, dict[int, int]], repr=False
    )
    _first: int = field(init=False, default=0)
    _last: int = field(init=False, default=-1)

    def __attrs_post_init__(self) -> None:
        """Choose the narrowest bins that hold a whole period of every key's quotas."""
        periods = [
            quota.period for key in self._keys if key is not None for quota in self._quotas_of(key)
        ]
        wanted = round(1000 * max(periods)) if periods else _UNLIMITED_WIDTH
        self._width = _WIDTHS[0]
        while self._width < wanted:
            self._width = _next_width(self._width)

    def add(self, key: LimitKey | None, at: float) -> None:
        """Count one send.

        Args:
            key: What limits it.
            at: Unix seconds.
        """
        # Counted from the epoch and not from the first send, so that no narrower bin crosses the
        # edge of a wider one.
        place = int(1000 * at) // self._width
        counts = self._counts.get(key)
        if counts is None:
            counts = self._counts[key] = {}
        counts[place] = counts.get(place, 0) + 1
        if self._last < self._first:
            self._first = self._last = place
        elif place < self._first or place > self._last:
            self._first, self._last = min(place, self._first), max(place, self._last)
            # Merged as the span grows, so that one pass is enough and memory is bounded by the
            # number of bins.
            while self._last - self._first >= BINS:
                self._widen()

    def _widen(self) -> None:
        wider = _next_width(self._width)
        factor = wider // self._width
        for key, counts in self._counts.items():
            merged: dict[int, int] = {}
            for place, counted in counts.items():
                merged[place // factor] = merged.get(place // factor, 0) + counted
            self._counts[key] = merged
        self._first, self._last, self._width = self._first // factor, self._last // factor, wider

    def timeline(self, account: tuple[Quota, ...]) -> Timeline | None:
        """What was counted; None where nothing was.

        Args:
            account: What limits all of it together.
        """
        if self._last < self._first:
            return None
        width = self._width / 1000
        places = range(self._first, self._last + 1)
        busiest = sorted(self._counts.items(), key=lambda item: -sum(item[1].values()))
        drawn: list[Bars] = []
        for key, counts in busiest[:KEYS_DRAWN]:
            quotas = () if key is None else self._quotas_of(key)
            bars = tuple(counts.get(place, 0) for place in places)
            drawn.append(Bars(key, bars, quotas, _most(quotas, width)))
        together = tuple(
            sum(counts.get(place, 0) for counts in self._counts.values()) for place in places
        )
        return Timeline(
            start=self._first * width,
            width=width,
            all=Bars(None, together, account, _most(account, width)),
            keys=tuple(drawn),
            left_out=max(len(busiest) - KEYS_DRAWN, 0),
        )
