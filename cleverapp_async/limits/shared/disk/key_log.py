"""The log of one key as the file holds it, and how it is written and read: pure."""

from __future__ import annotations

import json
import zlib
from bisect import bisect_left, insort
from typing import Any, cast

from attrs import define, field

__all__ = ["KeyLog", "LoggedWindow", "MemberRecord"]

_VERSION = 1
_CHECK = ',"check":'


class LoggedWindow:
    """One quota's slots, each with the moment at which it is free again, in that order.

    Args:
        slots: The slots.
    """

    def __init__(self, slots: dict[str, int] | None = None) -> None:
        self.slots: dict[str, int] = {} if slots is None else slots
        # Two views of the same slots: by name, as processes tell of them, and in the order in which
        # they are free again, as the rule asks. A sorted set of Redis has both.
        self._order = sorted((free, slot) for slot, free in self.slots.items())

    def __len__(self) -> int:
        return len(self._order)

    def put(self, slot: str, free: int) -> None:
        """Book a slot, or move it."""
        self.remove(slot)
        self.slots[slot] = free
        insort(self._order, (free, slot))

    def remove(self, slot: str) -> None:
        """Forget a slot, if it is there."""
        free = self.slots.pop(slot, None)
        if free is not None:
            del self._order[bisect_left(self._order, (free, slot))]

    def drop_until(self, now: int) -> None:
        """Forget what is free by now."""
        # The empty name sorts before every other: this is the place behind all that are free at
        # `now`.
        count = bisect_left(self._order, (now + 1, ""))
        for _, slot in self._order[:count]:
            del self.slots[slot]
        del self._order[:count]

    def at(self, rank: int) -> tuple[int, str]:
        """The moment and the name of the slot in a place, counted from 0."""
        return self._order[rank]


@define
class MemberRecord:
    """What the log knows of one process that uses the key.

    Attributes:
        seen: When it called last.
        sequence: The number of that call.
        demand: How many slots it wants.
        back: When it will call again.
        left: The slots that are left of its turn.
        ticket: Its place in line.
    """

    seen: int
    sequence: int
    demand: int
    back: int
    left: int
    ticket: int


@define(kw_only=True)
class KeyLog:
    """The log of one key; moments are microseconds of its own clock, which never goes back.

    Attributes:
        epoch: Differs from log to log.
        boot: The boot of the clock that it was written by last.
        wall: The time of the day when it was written last.
        offset: What is added to the clock.
        last: When it was written last.
        paused: Until when a refusal or a user wants nothing to be granted.
        hold: Until when nothing is granted as something was lost.
        refusals: How often the server refused.
        slots: How many slots were made so far.
        tickets: How many places in line were given so far.
        lag: How long a request lasts, on average.
        expires: From when on nothing of it counts.
        quotas: Limit and period of each window, as the last one who called has them.
        members: The processes that use the key, by their names.
        starts: The slots whose requests have not ended, with the moment at which they may be used.
        mail: The slots that were given to a process which has not called since.
        windows: The windows by their periods.
        lost_at: When the file lost what it held of the key; it is not written down.
    """

    epoch: str
    boot: str = ""
    wall: int = 0
    offset: int = 0
    last: int = 0
    paused: int = 0
    hold: int = 0
    refusals: int = 0
    slots: int = 0
    tickets: int = 0
    lag: int = 0
    expires: int = 0
    quotas: list[tuple[int, int]] = field(factory=list[tuple[int, int]])
    members: dict[str, MemberRecord] = field(factory=dict[str, MemberRecord])
    starts: dict[str, int] = field(factory=dict[str, int])
    mail: dict[str, int] = field(factory=dict[str, int])
    windows: dict[int, LoggedWindow] = field(factory=dict[int, LoggedWindow])
    lost_at: int | None = field(default=None, eq=False)

    def window(self, period: int) -> LoggedWindow:
        """The window of a period."""
        return self.windows.setdefault(period, LoggedWindow())

    def forget(self, slot: str) -> None:
        """Free a slot that will not be used."""
        for window in self.windows.values():
            window.remove(slot)
        self.starts.pop(slot, None)
        self.mail.pop(slot, None)

    def write(self) -> str:
        """The log as text."""
        numbers = [self.wall, self.offset, self.last, self.paused, self.hold, self.refusals]
        numbers += [self.slots, self.tickets, self.lag, self.expires]
        written = {
            "version": _VERSION,
            "epoch": self.epoch,
            "boot": self.boot,
            "numbers": numbers,
            "quotas": self.quotas,
            # The name in the file is older than that of the attribute.
            "people": {
                name: [one.seen, one.sequence, one.demand, one.back, one.left, one.ticket]
                for name, one in self.members.items()
            },
            "starts": self.starts,
            "mail": self.mail,
            "windows": {str(period): each.slots for period, each in self.windows.items()},
        }
        # A row for each key and not for each slot: a transaction reads and writes one text, and one
        # checksum tells all damage. No bound could: any moment may be right, and one that is not
        # holds a key for ever, or frees its slots.
        text = json.dumps(written, separators=(",", ":"))
        return f"{text[:-1]}{_CHECK}{_checksum(text)}}}"

    @classmethod
    def read(cls, text: object) -> KeyLog:
        """The log of a text; damage may have made anything of it.

        Raises:
            ValueError: It is not as this package wrote it, or another version of it did.
        """
        if not isinstance(text, str):
            raise ValueError("the log is no text")  # noqa: TRY004 - one error for all damage
        start, _, check = text.rpartition(_CHECK)
        if check != f"{_checksum(start + '}')}}}":
            raise ValueError("the log is damaged")
        written = cast("dict[str, Any]", json.loads(text))
        if written["version"] != _VERSION:
            raise ValueError("the log is of another version")
        wall, offset, last, paused, hold, refusals, slots, tickets, lag, expires = written[
            "numbers"
        ]
        return cls(
            epoch=written["epoch"],
            boot=written["boot"],
            wall=wall,
            offset=offset,
            last=last,
            paused=paused,
            hold=hold,
            refusals=refusals,
            slots=slots,
            tickets=tickets,
            lag=lag,
            expires=expires,
            quotas=[(limit, period) for limit, period in written["quotas"]],
            members={name: MemberRecord(*member) for name, member in written["people"].items()},
            starts=written["starts"],
            mail=written["mail"],
            windows={
                int(period): LoggedWindow(slots) for period, slots in written["windows"].items()
            },
        )


def _checksum(text: str) -> int:
    return zlib.crc32(text.encode())
