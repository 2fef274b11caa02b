"""How much of its burst a key may use: less after repeated refusals, more after clean windows.

A client that keeps a sliding window exactly is refused by no fixed window, sliding log or
bucket of the documented size. Repeated refusals therefore mean that the server has another
rule, or that another program uses the same quota; smaller bursts at the same rate suit most of
these cases.
"""

from __future__ import annotations

from attrs import define

_MEMORY = 4
_PATIENCE = 2
_PATIENCE_CAP = 64


@define
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
