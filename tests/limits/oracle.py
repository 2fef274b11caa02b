"""A server that only counts: when which request arrived, and how many in any window."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from cleverapp_async import Quota


class Oracle:
    """Writes down the moment of every arrival, by what the server counts it for."""

    def __init__(self) -> None:
        self.arrivals: defaultdict[Hashable, list[float]] = defaultdict(list)

    def arrive(self, *counted_for: Hashable) -> None:
        """One request arrives now."""
        now = asyncio.get_running_loop().time()
        for key in counted_for:
            self.arrivals[key].append(now)

    def excess(self, key: Hashable, quotas: Iterable[Quota]) -> dict[Quota, int]:
        """The quotas overrun, each with the most arrivals in any of its windows."""
        most = {quota: most_in_window(self.arrivals[key], quota.period) for quota in quotas}
        return {quota: count for quota, count in most.items() if count > quota.limit}


def most_in_window(moments: Iterable[float], period: float) -> int:
    """The most moments in any half-open window ``[t, t + period)``."""
    window: deque[float] = deque()
    most = 0
    for moment in sorted(moments):
        while window and window[0] + period <= moment:
            window.popleft()
        window.append(moment)
        most = max(most, len(window))
    return most
