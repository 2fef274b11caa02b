"""Which sends of campaigns one registry has counted."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable

from attrs import define, field

__all__ = ["CountedSends"]


@define(eq=False)
class CountedSends:
    """Distinguishes sends that passed these limiters from those of another process.

    A journal holds both. What this process wrote into one is recognized by the message and by the
    moment at which it was written, because one process at a time writes about a message.

    Args:
        clock: Gives the seconds of a clock that is never set.
    """

    _clock: Callable[[], float] = field(default=time.monotonic, alias="clock")
    _noted: deque[tuple[float, Hashable, float, float]] = field(
        factory=deque[tuple[float, Hashable, float, float]], init=False
    )

    def __len__(self) -> int:
        """How many moments are remembered."""
        return len(self._noted)

    def note(self, message: Hashable, begun: float, ended: float, *, keep: float) -> None:
        """Something about a message was written down, between two moments.

        Args:
            message: What tells it apart from all others, those of other campaigns included.
            begun: Unix seconds before it was written.
            ended: Unix seconds after it was written.
            keep: Seconds for which this matters: the longest period of the limits.
        """
        now, noted = self._clock(), self._noted
        while noted and noted[0][0] <= now:
            noted.popleft()
        noted.append((now + keep, message, begun, ended))

    def known(self) -> Callable[[Hashable, float], bool]:
        """Whether this process wrote about a message at a moment (Unix seconds)."""
        spans: dict[Hashable, list[tuple[float, float]]] = {}
        for _, message, begun, ended in self._noted:
            spans.setdefault(message, []).append((begun, ended))

        def is_known(message: Hashable, moment: float) -> bool:
            return any(begun <= moment <= ended for begun, ended in spans.get(message, ()))

        return is_known
