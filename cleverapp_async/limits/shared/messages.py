"""The messages between a process and the logs of keys, in the form of Redis; no I/O.

Where the logs are kept is the business of a :class:`SharedLog`; a call to it fails with a
:class:`LogCallError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self, cast

from attrs import frozen

from ..._redis.client import as_text

if TYPE_CHECKING:
    from ..quota import AccountKey, LimitKey, Quota


__all__ = [
    "Grant",
    "LogCallError",
    "LogFault",
    "LogReply",
    "LogRequest",
    "SharedLog",
    "SlotUpdate",
    "Terms",
    "as_micros",
    "update_as_micros",
]

_MICRO = 1_000_000
# Seconds for one round trip to the log and the turns of the loop around it, and as which part of
# the shortest period they count at most: with periods of milliseconds, as tests and simulators have
# them, a fixed time would be longer than the period.
_LEAD, _LEAD_SHARE = 0.02, 20
_MARGIN, _MARGIN_SHARE = 0.05, 8
_FORESIGHT, _FORESIGHT_SHARE = 0.1, 10
_PATIENCE, _PATIENCE_LEAST, _PATIENCE_SHARE = 0.2, 0.02, 10
_TURN_SECONDS, _TURN_MOST = 3.0, 6
_PARTS = 7  # of an answer of `exchange.lua`
_OVERTAKEN = -1


class SlotUpdate(NamedTuple):
    """The report about one slot.

    Attributes:
        slot: The slot.
        windows: For each window: None, held as before; ``"h"``, held now; ``"t"``, its stamp was
            told before; or seconds since it was stamped (below 0: it will be).
    """

    slot: str
    windows: tuple[float | str | None, ...]


@frozen(slots=False)
class Terms:
    """What does not change from call to call: the quotas, and seconds.

    Attributes:
        windows: Limit and period of each window, the periods all different and ascending.
        caps: ``settle_within`` of each.
        guard: For how long a slot stays held for a process that says nothing more.
    """

    windows: tuple[tuple[int, float], ...]
    caps: tuple[float | None, ...]
    guard: float

    @classmethod
    def of(cls, quotas: Sequence[Quota], guard: float) -> Self:
        """The terms of some quotas; of several with one period the smallest limit counts."""
        limits: dict[float, int] = {}
        caps: dict[float, float | None] = {}
        for quota in quotas:
            period, cap = quota.period, quota.settle_within
            # Windows are named by their periods in the log, so that there is one for each. The
            # smaller limit implies the larger one.
            limits[period] = min(quota.limit, limits.get(period, quota.limit))
            other = caps.get(period, cap)
            # A cap stamps a slot early: where only one of two quotas has it, or a shorter one, the
            # stamp that is safe for both is the later one.
            caps[period] = None if cap is None or other is None else max(cap, other)
        periods = sorted(limits)
        windows = tuple((limits[period], period) for period in periods)
        return cls(windows, tuple(caps[period] for period in periods), guard)

    @cached_property
    def shortest(self) -> float:
        """The shortest period: nothing is booked further ahead."""
        return self.windows[0][1]

    @cached_property
    def longest(self) -> float:
        """The longest period: after it nothing is left to remember."""
        return self.windows[-1][1]

    @cached_property
    def capped(self) -> bool:
        """Whether a slot may be stamped while its request is under way."""
        return any(cap is not None for cap in self.caps)

    @cached_property
    def lead(self) -> float:
        """How long before its next slot can be certain a process asks again."""
        return min(_LEAD, self.shortest / _LEAD_SHARE)

    @cached_property
    def foresight(self) -> float:
        """For how many seconds to come a process asks for slots that nobody waits for yet."""
        return min(_FORESIGHT, self.shortest / _FORESIGHT_SHARE)

    @cached_property
    def margin(self) -> float:
        """How long before others may need a slot a process reports that its request has ended."""
        return min(_MARGIN, self.shortest / _MARGIN_SHARE)

    @cached_property
    def renewal(self) -> float:
        """How often a process reports again that a slot is held."""
        return min(self.guard / 3, self.longest)

    @cached_property
    def patience(self) -> float:
        """How late a process may call before the slots that wait for it go to others."""
        return min(_PATIENCE, max(_PATIENCE_LEAST, self.shortest / _PATIENCE_SHARE))

    @cached_property
    def turn(self) -> int:
        """How many slots one process gets before it is another process's turn.

        Half of the scarcest quota, so that nobody waits long; and where that is few, what three
        seconds admit, up to six, as every turn costs two round trips.
        """
        limit, period = max(self.windows, key=lambda window: window[1] / window[0])
        few = min(_TURN_MOST, int(_TURN_SECONDS * limit / period))
        return max((limit + 1) // 2, few, 1)

    @cached_property
    def expiry(self) -> float:
        """How long the log of a key outlives its last call."""
        # A booked slot stands in its window for the guard and one period from when it was due, and
        # it is due at most one period after the call that booked it: so nothing that still counts
        # expires.
        return self.guard + 2 * self.longest + 1.0

    @cached_property
    def fixed(self) -> tuple[int, ...]:
        """Guard, turn, lead and patience in microseconds, expiry in milliseconds."""
        return (
            as_micros(self.guard),
            self.turn,
            as_micros(self.lead),
            as_micros(self.patience),
            round(self.expiry * 1000),
        )

    @cached_property
    def written(self) -> str:
        """The windows, as the script reads them."""
        return " ".join(f"{limit} {as_micros(period)}" for limit, period in self.windows)


@frozen(kw_only=True)
class LogRequest:
    """One call of a process.

    Attributes:
        process: Who calls.
        sequence: Numbers the calls of a process upwards; one that comes late is ignored.
        demand: How many slots it wants.
        ahead: How many it would have besides, at once, for requests that it expects: it gets as
            many as are not missed by anybody.
        updates: Its reports about its slots.
        given_back: Slots that will never be used.
        known: After a call whose answer was lost: all other slots that the process knows to have.
        lost: Whether the log has forgotten something: wait one period.
        pause: Seconds for which the fleet grants nothing.
        refusals: Refusals since the last call.
    """

    process: str
    sequence: int
    demand: int
    ahead: int = 0
    updates: Sequence[SlotUpdate] = ()
    given_back: Sequence[str] = ()
    known: Sequence[str] | None = None
    lost: bool = False
    pause: float = 0.0
    refusals: int = 0

    def arguments(self, terms: Terms) -> list[str | int]:
        """The arguments of ``exchange.lua``, which names them all at its head."""
        written: list[str | int] = [self.process, self.sequence, self.demand, *terms.fixed]
        written += ["1" if self.lost else "", as_micros(self.pause), self.refusals, terms.written]
        marks: list[str] = []
        for update in self.updates:
            marks.append(update.slot)
            marks += [str(update_as_micros(window)) for window in update.windows]
        known = "" if self.known is None else " ".join(["a", *self.known])
        return [*written, " ".join(marks), " ".join(self.given_back), known, self.ahead]


class Grant(NamedTuple):
    """A slot, and the seconds after which it may be used."""

    slot: str
    delay: float


@frozen
class LogReply:
    """What the log answers.

    Attributes:
        now: Its clock, seconds.
        epoch: Differs after the log was lost or had expired.
        wait: Seconds after which to ask again for the rest; None: all slots were granted.
        pause: Seconds for which a refusal or a user pauses the key.
        hold: Seconds for which nothing is granted, because the log has lost something.
        refusals: How many refusals the whole fleet has seen.
        grants: In the order of their moments.
    """

    now: float
    epoch: str
    wait: float | None
    pause: float
    hold: float
    refusals: int
    grants: tuple[Grant, ...]

    @classmethod
    def read(cls, raw: object) -> Self | None:
        """Read what the script answers; None where a later call has overtaken this one.

        Raises:
            ValueError: It is not an answer of the script.
            TypeError: The same.
        """
        # Numbers come as integers or, from some clients, as bytes; what is not an answer of the
        # script fails in one of these lines, and is told as a fault of the log.
        parts = list(cast("Iterable[object]", raw))
        if len(parts) == 1 and _whole(parts[0]) == _OVERTAKEN:
            return None
        if len(parts) != _PARTS:
            raise ValueError(f"the answer has {len(parts)} parts")
        now, wait, pause, hold, refusals = (_whole(parts[place]) for place in (0, 2, 3, 4, 5))
        granted = (as_text(parts[6]) or "").split()
        grants = tuple(
            Grant(slot, int(delay) / _MICRO)
            for slot, delay in zip(granted[::2], granted[1::2], strict=True)
        )
        return cls(
            now / _MICRO,
            as_text(parts[1]) or "",
            None if wait < 0 else wait / _MICRO,
            pause / _MICRO,
            hold / _MICRO,
            refusals,
            grants,
        )


def as_micros(seconds: float) -> int:
    """Seconds as whole microseconds."""
    return round(seconds * _MICRO)


def update_as_micros(window: float | str | None) -> str | int:
    """What a :class:`SlotUpdate` tells of a window: microseconds, or a word ("-" for None)."""
    if window is None:
        return "-"
    # Rounded towards zero: an age that is told too short puts the stamp later, which is safe.
    return window if isinstance(window, str) else int(window * _MICRO)


def _whole(value: object) -> int:
    return int(cast("int", value))


@frozen
class LogFault:
    """Why a call failed.

    Attributes:
        sentence: The end of a sentence that begins with what keeps the logs.
        lasting: Whether waiting does not help.
        stale: Whether the cause may be only a connection that died since it was last used.
    """

    sentence: str
    lasting: bool
    stale: bool = False


class LogCallError(Exception):
    """A call that failed, or may have failed.

    Attributes:
        fault: Why, and whether waiting may mend it.
    """

    def __init__(self, fault: LogFault) -> None:
        super().__init__(fault.sentence)
        self.fault = fault


class SharedLog(Protocol):
    """Keeps the log of each key, for all processes."""

    @property
    def name(self) -> str:
        """What it is, as the beginning of a sentence."""
        ...

    @property
    def remedy(self) -> str:
        """What to do where it cannot be reached or used, in words."""
        ...

    @property
    def calls(self) -> int:
        """How many times it was asked so far."""
        ...

    async def exchange(
        self, key: LimitKey | AccountKey, terms: Terms, request: LogRequest
    ) -> LogReply | None:
        """Tell the log of one key what has happened, and ask it for slots.

        Returns:
            What it replies; None where a later request of the process has been here before.

        Raises:
            LogCallError: It did not answer, or not in time.
        """
        ...

    def fault_of(self, error: BaseException) -> LogFault:
        """What an exception means that came out of a call."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...
