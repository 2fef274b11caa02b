"""When requests arrived for each key and for the account, to be drawn against the limit."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

from attrs import asdict, define, field

from ..limits import LimitWindow, Scope
from ..referee import counts_for_account, key_of
from ..request_log import Arrival
from ..server import Simulator
from .entries import Json

SPAN: Final = 600.0
"""Seconds of arrivals that are kept."""

_ARRIVALS: Final = 2000
"""Arrivals that are kept of one key."""

_KEYS: Final = 500
"""Keys that are kept; the one that was silent for the longest gives way."""

_NAME: Final = 200
"""Characters of the longest messenger's name that is kept."""

_TOLD: Final = 50
"""Keys that are told at once, those with the latest arrivals."""


@define
class _Strip:
    """The latest arrivals of a key: the moment, and whether a limit refused it."""

    marks: deque[tuple[float, bool]] = field(
        init=False, factory=lambda: deque[tuple[float, bool]](maxlen=_ARRIVALS)
    )
    arrivals: int = 0
    refused: int = 0

    def add(self, arrival: Arrival) -> None:
        refused = arrival.verdict in {"refused_messenger", "refused_account"}
        self.arrivals += 1
        self.refused += refused
        self.marks.append((arrival.at, refused))
        while self.marks[0][0] < arrival.at - SPAN:
            self.marks.popleft()

    def told(self, now: float, seconds: float) -> Json:
        """The counts, and how many seconds ago each arrival was."""
        recent = [(now - at, refused) for at, refused in self.marks if now - at < seconds]
        return {
            "arrivals": self.arrivals,
            "refused": self.refused,
            "marks": [[round(ago, 3), refused] for ago, refused in recent],
        }


@define
class KeyBook:
    """Writes down the arrivals of each key."""

    _strips: OrderedDict[Scope, _Strip] = field(init=False, factory=OrderedDict[Scope, _Strip])
    _account: _Strip = field(init=False, factory=_Strip)

    def add(self, arrival: Arrival) -> None:
        """Write down an arrival, for its key and for the account, where it counts for them."""
        if counts_for_account(arrival):
            self._account.add(arrival)
        key = key_of(arrival)
        if key is not None and len(key[2]) <= _NAME:
            self._strips.setdefault(key, _Strip()).add(arrival)
            self._strips.move_to_end(key)
            if len(self._strips) > _KEYS:
                self._strips.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._strips.clear()
        self._account = _Strip()

    def told(self, simulator: Simulator, now: float, seconds: float) -> Json:
        """What the strips are drawn from: the keys with the latest arrivals first.

        Args:
            simulator: Whose limits hold.
            now: The moment, of the loop's clock.
            seconds: How far it goes back.
        """
        newest = list(self._strips)[: -_TOLD - 1 : -1]
        keys: list[Json] = []
        for key in newest:
            method, bot_id, messenger = key
            arrival = Arrival(now, method, bot_id, messenger, {}, "accepted", None, taken=False)
            window = simulator.key_window(arrival, now)
            keys.append(
                {
                    "method": method,
                    "bot_id": bot_id,
                    "messenger": messenger,
                    "windows": [] if window is None else [asdict(window)],
                    **self._strips[key].told(now, seconds),
                }
            )
        account: list[LimitWindow] = list(simulator.account_windows(now))
        return {
            "seconds": seconds,
            "account": {
                "windows": [asdict(window) for window in account],
                **self._account.told(now, seconds),
            },
            "keys": keys,
            "left_out": len(self._strips) - len(newest),
        }
