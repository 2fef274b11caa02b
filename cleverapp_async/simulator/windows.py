"""Three ways a server may count "N in T": the API docs do not say which one is used.

All times are seconds of one monotonic clock (the event loop's); all windows are half
open: arrivals at ``t`` and at ``t + period`` are not in one window.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final, Literal, Protocol, TypeAlias

from attrs import define, field

WindowKind: TypeAlias = Literal["sliding", "fixed", "bucket"]

WINDOW_KINDS: Final[tuple[WindowKind, ...]] = ("sliding", "fixed", "bucket")

_WHOLE_TOKEN: Final = 1.0 - 1e-9
"""A token is whole at this level: refilling adds up floats, which may end a hair short."""


class Window(Protocol):
    """Counts what is admitted."""

    def wait(self, now: float) -> float:
        """Give the seconds until one more is admitted; 0.0 when it is admitted now."""
        ...

    def take(self, now: float) -> None:
        """Count one that arrived now."""
        ...

    def remaining(self, now: float) -> int:
        """Give how many more are admitted now."""
        ...


@define
class SlidingWindow:
    """Admits at most ``limit`` in any window of ``period`` seconds."""

    limit: int
    period: float
    _stamps: deque[float] = field(init=False, factory=deque[float], repr=False)

    def wait(self, now: float) -> float:
        """Give the seconds until the oldest of a full window leaves it."""
        self._expire(now)
        if len(self._stamps) < self.limit:
            return 0.0
        return self.period - (now - self._stamps[0])

    def take(self, now: float) -> None:
        """Count one that arrived now."""
        self._stamps.append(now)

    def remaining(self, now: float) -> int:
        """Give how many more are admitted now."""
        self._expire(now)
        return self.limit - len(self._stamps)

    def _expire(self, now: float) -> None:
        stamps = self._stamps
        while stamps and now - stamps[0] >= self.period:
            stamps.popleft()


@define
class FixedWindow:
    """Admits ``limit`` in a window that opens with its first arrival, as Laravel's limiter.

    Laravel counts in whole seconds: a window ends on one, and may be up to a second shorter than
    its period. Periods below a second, which only a simulator has, are kept whole.
    """

    limit: int
    period: float
    _opened: float = field(init=False, default=float("-inf"), repr=False)
    _count: int = field(init=False, default=0, repr=False)

    def wait(self, now: float) -> float:
        """Give the seconds until a full window ends."""
        if now - self._opened >= self.period or self._count < self.limit:
            return 0.0
        return self.period - (now - self._opened)

    def take(self, now: float) -> None:
        """Count one that arrived now, opening a window when none is open."""
        if now - self._opened >= self.period:
            self._opened = now if self.period < 1.0 else math.floor(now)
            self._count = 0
        self._count += 1

    def remaining(self, now: float) -> int:
        """Give how many more are admitted now."""
        return self.limit - (self._count if now - self._opened < self.period else 0)


@define
class TokenBucket:
    """Admits a burst of ``limit``, refilled at ``limit / period`` tokens per second."""

    limit: int
    period: float
    _tokens: float = field(init=False, default=0.0, repr=False)
    _stamp: float = field(init=False, default=float("-inf"), repr=False)

    def wait(self, now: float) -> float:
        """Give the seconds until one whole token is there."""
        self._refill(now)
        if self._tokens >= _WHOLE_TOKEN:
            return 0.0
        return (1.0 - self._tokens) * self.period / self.limit

    def take(self, now: float) -> None:
        """Take one token."""
        self._refill(now)
        self._tokens -= 1.0

    def remaining(self, now: float) -> int:
        """Give the whole tokens that are there now."""
        self._refill(now)
        return int(self._tokens + (1.0 - _WHOLE_TOKEN))

    def _refill(self, now: float) -> None:
        gained = (now - self._stamp) * self.limit / self.period
        self._tokens = min(float(self.limit), self._tokens + gained)
        self._stamp = now


def make_window(kind: WindowKind, limit: int, period: float) -> Window:
    """Make an empty window of a kind."""
    if kind == "sliding":
        return SlidingWindow(limit, period)
    if kind == "fixed":
        return FixedWindow(limit, period)
    return TokenBucket(limit, period)
