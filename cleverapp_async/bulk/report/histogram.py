"""Percentiles of any number of durations in bounded memory."""

from __future__ import annotations

import math

from attrs import define, field, frozen

__all__ = ["RELATIVE_ERROR", "Histogram", "Spread"]

RELATIVE_ERROR = 0.01
"""How far a percentile may be from the exact one, as a part of it."""

_GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_PER_BIN = 1 / math.log(_GROWTH)
_LEAST = 1e-6


@frozen
class Spread:
    """How durations are spread, in seconds.

    The percentiles are nearest ranks within :data:`RELATIVE_ERROR`; the longest is exact.
    """

    count: int
    p50: float
    p90: float
    p95: float
    p99: float
    longest: float


@define
class Histogram:
    """Counts durations in bins whose width grows with the duration (as DDSketch does).

    From a microsecond to a year there are about 1,600 bins, however many durations come. What is
    below a microsecond counts as nothing.

    Attributes:
        count: How many came.
        shortest: The shortest of them, in seconds, exact.
        longest: The longest of them, in seconds, exact.
    """

    count: int = 0
    shortest: float = math.inf
    longest: float = 0.0
    _bins: dict[int, int] = field(factory=dict[int, int], repr=False)
    _nothing: int = 0

    def add(self, seconds: float) -> None:
        """Count one duration; a negative one, from a clock that stepped back, counts as nothing."""
        self.count += 1
        seconds = max(seconds, 0.0)
        self.shortest = min(self.shortest, seconds)
        self.longest = max(self.longest, seconds)
        if seconds < _LEAST:
            self._nothing += 1
            return
        # The bin n holds what is above growth^(n-1) and at most growth^n seconds.
        place = math.ceil(math.log(seconds) * _PER_BIN)
        self._bins[place] = self._bins.get(place, 0) + 1

    def include(self, other: Histogram) -> None:
        """Count what another one has counted."""
        self.count += other.count
        self.shortest = min(self.shortest, other.shortest)
        self.longest = max(self.longest, other.longest)
        self._nothing += other._nothing
        for place, counted in other._bins.items():
            self._bins[place] = self._bins.get(place, 0) + counted

    def quantiles(self, *parts: float) -> list[float]:
        """The durations that these parts of all are not longer than.

        Args:
            parts: From 0 to 1, ascending; 0.5 asks for the median.

        Returns:
            One duration in seconds for each part; 0 where nothing was counted.
        """
        found: list[float] = []
        bins = iter(sorted(self._bins.items()))
        passed, here = self._nothing, 0.0
        for part in parts:
            rank = max(math.ceil(part * self.count), 1)
            while passed < rank:
                place, counted = next(bins, (None, self.count))
                if place is None:
                    break
                passed += counted
                # The value in the bin that is off by the same part from both of its ends.
                here = 2 * _GROWTH**place / (_GROWTH + 1)
            found.append(min(max(here, self.shortest), self.longest))
        return found

    def spread(self) -> Spread | None:
        """The usual percentiles; None where nothing was counted."""
        if not self.count:
            return None
        p50, p90, p95, p99 = self.quantiles(0.5, 0.9, 0.95, 0.99)
        return Spread(self.count, p50, p90, p95, p99, self.longest)
