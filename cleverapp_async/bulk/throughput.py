"""How fast messages end, counting only the time in which they could be sent."""

from __future__ import annotations

import math

from attrs import Attribute, define, field

from .._arguments import check_instance, check_seconds, wrong_setting
from ..limits.quota import LimitKey
from .schedule import Schedule

__all__ = ["EtaMeter"]

_LEAST = 5


def _seconds(_: object, attribute: Attribute[float], value: object) -> None:
    check_seconds(attribute.name, value, wrong_setting)


def _schedule(_: object, attribute: Attribute[Schedule | None], value: object) -> None:
    if value is not None:
        check_instance(attribute.name, value, Schedule, "a Schedule(...), or None", wrong_setting)


@define
class _Flow:
    """The outcomes of one key.

    Attributes:
        half_life: Open seconds after which an outcome counts half.
        seen: Until when its time is told, in Unix seconds.
        held: Unix seconds until which it cannot send.
        notes: Outcomes in all, the first one left out.
        weight: Outcomes, the older the less.
        busy: The open seconds in which they came, weighted alike.
        silent: Open seconds since the last outcome.
    """

    half_life: float
    seen: float = -math.inf
    held: float = -math.inf
    notes: int = -1
    weight: float = 0.0
    busy: float = 0.0
    silent: float = 0.0

    def begin(self, at: float) -> None:
        """Time begins, without an outcome; where it has begun, nothing changes."""
        if self.notes < 0:
            self.seen, self.notes = at, 0

    def pass_time(self, now: float, schedule: Schedule | None) -> None:
        if now < self.seen:
            # The clock was set back: the end of a hold is told by the old time.
            self.held = -math.inf
        since = max(self.seen, self.held)
        self.seen = now
        if now > since and self.notes >= 0:
            self.silent += now - since if schedule is None else schedule.open_seconds(since, now)

    def note(self) -> None:
        """An outcome now; the first one only starts the clock."""
        self.notes += 1
        gap, self.silent = self.silent, 0.0
        if self.notes == 0:
            return
        # Exponential decay: what is older by one half-life counts half.
        fading = math.exp(-gap * math.log(2) / self.half_life)
        # One outcome spread over the gap before it: an even flow then has exactly its own rate.
        spread = (1 - fading) * self.half_life / math.log(2)
        self.weight = self.weight * fading + (spread / gap if gap > 0 else 1.0)
        self.busy = self.busy * fading + spread

    def rate(self, burst: int) -> float | None:
        if self.notes < _LEAST or self.busy <= 0:
            return None
        # A silence lowers the rate only when it is longer than the outcomes that a full burst of
        # the limit would have needed: so a rate does not sink between two bursts.
        silenced = (self.weight + burst) / (self.busy + self.silent)
        return min(self.weight / self.busy, silenced)


@define
class EtaMeter:
    """Measures outcomes per key over recent time.

    Time in which a key cannot send is left out: outside the schedule, while it is held, while it
    is idle. Each key takes constant memory. A call takes constant time; with a schedule of hours
    its time grows with the days that have passed since the key's last call.

    Attributes:
        schedule: When messages may leave; None: at any time.
        half_life: Seconds of sending after which an outcome counts half.
    """

    schedule: Schedule | None = field(default=None, validator=_schedule)
    half_life: float = field(default=120.0, validator=_seconds)
    _flows: dict[LimitKey | None, _Flow] = field(
        init=False, repr=False, factory=dict["LimitKey | None", _Flow]
    )
    _all: _Flow = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._all = _Flow(self.half_life)

    def note(self, key: LimitKey | None, at: float, *, on_wire: float = 0.0) -> None:
        """A message of a key has ended, by being sent or refused.

        Args:
            key: What limits it; None: its route is not known.
            at: Unix seconds.
            on_wire: Seconds that it was on the wire: the time of a key begins when its first
                message left. Without it that time begins with the first outcome, which then counts
                for nothing: many that end at once after a long time make a slow server look quick.
        """
        flow = self._flows.get(key)
        if flow is None:
            flow = self._flows[key] = _Flow(self.half_life)
        for one in (flow, self._all):
            if on_wire > 0:
                one.begin(at - on_wire)
            one.pass_time(at, self.schedule)
        flow.note()
        # The rate of all together is measured only while no key is held; otherwise a pause of one
        # key would look like a slow server.
        if at >= self._all.held:
            self._all.note()

    def hold(self, key: LimitKey | None, now: float, seconds: float) -> None:
        """A key cannot send for so long from now on, by a refusal for example.

        Call it as soon as that is known: the time before it counts as time to send in.

        Args:
            key: What limits it; None: its route is not known.
            now: Unix seconds.
            seconds: How long from now; 0 ends an earlier hold.
        """
        if (flow := self._flows.get(key)) is not None:
            flow.pass_time(now, self.schedule)
            flow.held = now + seconds
        if seconds > 0:
            self._all.pass_time(now, self.schedule)
            self._all.held = max(self._all.held, now + seconds)

    def skip(self, key: LimitKey | None, now: float) -> None:
        """The time since the last call for a key does not count: it had nothing to send.

        Args:
            key: What limits it; None: its route is not known.
            now: Unix seconds.
        """
        if (flow := self._flows.get(key)) is not None:
            flow.seen = now

    def has_seen(self, key: LimitKey | None) -> bool:
        """Whether any message of a key has ended."""
        return key in self._flows

    def rate(self, key: LimitKey | None, now: float, *, burst: int = 1) -> float | None:
        """Outcomes per second of the time in which a key can send.

        Args:
            key: What limits it; None: its route is not known.
            now: Unix seconds.
            burst: How many outcomes its limit lets come at once: a silence counts as slowness
                only when it is longer than that many outcomes would need.

        Returns:
            None where fewer than six outcomes have come, or all at one instant.
        """
        flow = self._flows.get(key)
        if flow is None:
            return None
        flow.pass_time(now, self.schedule)
        return flow.rate(burst)

    def rate_of_all(self, now: float, *, burst: int = 1) -> float | None:
        """Outcomes per second of all keys together, while none of them is held.

        Args:
            now: Unix seconds.
            burst: As for :meth:`rate`.

        Returns:
            None where fewer than six outcomes have come, or all at one instant.
        """
        self._all.pass_time(now, self.schedule)
        return self._all.rate(burst)
