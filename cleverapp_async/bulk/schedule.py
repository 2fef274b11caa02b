"""When a campaign may send: from a moment on, and within hours of the day; and what sees to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, time, tzinfo
from time import time as unix_time
from typing import NamedTuple

from attrs import Factory, define, field, frozen

from .._arguments import check_instance, check_seconds, wrong_argument, wrong_setting
from ..errors import ConfigurationError
from ._wall_clock import DAY, SECOND, WallClock, as_zone
from .dispatch import Dispatcher

__all__ = ["DailyHours", "Schedule", "ScheduleGuard", "Span"]


class Span(NamedTuple):
    """A stretch of time that is open or closed from end to end.

    Attributes:
        since: Its first instant, in Unix microseconds.
        until: The first instant after it.
        is_open: Whether messages may leave.
    """

    since: int
    until: int
    is_open: bool


_NONE = Span(0, 0, is_open=False)


@define(eq=False)
class DailyHours:
    """Open from one hour of the local day to another one, wrapping over midnight.

    An instant is open by what the clock on the wall shows then, and by nothing else: so a
    skipped opening hour opens at the jump, and an hour that comes twice counts twice.

    Attributes:
        clock: The clock on the wall.
        opens: Microseconds of the local day at which it opens.
        closes: Microseconds of the local day at which it closes, other than ``opens``.
    """

    clock: WallClock
    opens: int
    closes: int
    _last: Span = _NONE

    @property
    def daily(self) -> int:
        """Open microseconds of a day without a change of the offset."""
        return (self.closes - self.opens) % DAY

    def span(self, moment: int) -> Span:
        """The span that an instant is in; it need not reach to the next change.

        The last one found is remembered: asking again within it costs next to nothing, and a
        clock that steps out of it, either way, finds another one.
        """
        last = self._last
        if not last.since <= moment < last.until:
            last = self._last = self._find(moment)
        return last

    def spans(self, moment: int) -> Iterator[Span]:
        """The span that an instant is in and those after it, without end."""
        span = self.span(moment)
        while True:
            yield span
            span = self._find(span.until)

    def _find(self, moment: int) -> Span:
        offset = self.clock.offset(moment)
        midnight, time_of_day = divmod(moment + offset, DAY)
        # Half open: at the closing hour itself it is closed.
        if self.opens < self.closes:
            is_open = self.opens <= time_of_day < self.closes
        else:
            is_open = not self.closes <= time_of_day < self.opens
        # The next edge of this local day, or else the first one of the next day.
        edges = [edge for edge in (self.opens, self.closes) if edge > time_of_day]
        edge = min(edges) if edges else DAY + min(self.opens, self.closes)
        until = midnight * DAY + edge - offset
        # Behind a change of the offset the clock shows another time: look anew from there on.
        return Span(moment, self.clock.change(moment, until) or until, is_open)


_WALKED = 3_660 * DAY
_ANY = 1e18
"""Seconds of sending of which the end can still be told, though nobody would live to see it."""


def _instant(name: str, seconds: float) -> int:
    """Microseconds of what was given in seconds.

    Raises:
        InvalidRequestError: It is no finite number; the argument is named.
    """
    try:
        return round(seconds * SECOND)
    except (TypeError, ValueError, OverflowError):
        raise wrong_argument(name, "a finite number of seconds", seconds) from None


def _find_beginning(schedule: Schedule) -> int | None:
    at = schedule.at
    if at is None:
        return None
    check_instance("at", at, datetime, "a datetime.datetime", wrong_setting)
    if at.utcoffset() is None:
        # Without an offset it is a time on the wall of `zone`, which a clock may show twice or
        # never.
        return WallClock(schedule.zone).first(at.replace(tzinfo=None))
    return _instant("at", at.timestamp())


def _make_hours(schedule: Schedule) -> DailyHours | None:
    if schedule.not_before is None and schedule.not_after is None:
        return None
    opens = _time_of_day("not_before", schedule.not_before)
    closes = _time_of_day("not_after", schedule.not_after)
    if opens == closes:
        raise ConfigurationError(
            f"not_before and not_after are both {_say(schedule.not_before)}: give two different "
            "hours, or neither to send around the clock (one that is left out is midnight)"
        )
    return DailyHours(WallClock(schedule.zone), opens, closes)


@frozen
class Schedule:
    """When a campaign may send; outside of it, it sleeps.

    The hours go by the clock on the wall of the zone, at each instant: an opening hour that
    daylight saving skips opens at the jump, and an hour that comes twice counts twice. All
    methods take and give Unix seconds, of which the microsecond is told apart, and none keeps a
    state: a clock that is set forth or back changes nothing but the time asked for.

    Attributes:
        at: The first moment. Without a zone of its own it is in ``zone``; where the clock skips
            it, it is the jump.
        not_before: The hour of the day from which on messages leave; None: midnight.
        not_after: The hour of the day at which they cease; None: midnight. Where it comes before
            ``not_before``, the hours go over midnight.
        zone: The zone of the hours, a name such as ``Europe/Moscow`` or a zone; None: the
            machine's.

    Raises:
        ConfigurationError: The zone is not known, or the hours make no sense.
    """

    at: datetime | None = None
    not_before: time | None = None
    not_after: time | None = None
    zone: tzinfo | None = field(default=None, converter=as_zone)
    _begins: int | None = field(
        init=False, eq=False, repr=False, default=Factory(_find_beginning, takes_self=True)
    )
    _hours: DailyHours | None = field(
        init=False, eq=False, repr=False, default=Factory(_make_hours, takes_self=True)
    )

    def is_open(self, now: float) -> bool:
        """Whether messages may leave.

        Args:
            now: Unix seconds.

        Raises:
            InvalidRequestError: It is no finite number; as by every method here.
        """
        moment = _instant("now", now)
        if self._begins is not None and moment < self._begins:
            return False
        return self._hours is None or self._hours.span(moment).is_open

    def next_open(self, now: float) -> float:
        """When messages may leave next: now, where they may now.

        Args:
            now: Unix seconds.
        """
        return now if self.is_open(now) else self._opening("now", now) / SECOND

    def next_close(self, now: float) -> float | None:
        """When the hours that are open now, or open next, are over.

        Args:
            now: Unix seconds.

        Returns:
            Unix seconds; None: they have no end.
        """
        if self._hours is None:
            return None
        spans = self._hours.spans(self._opening("now", now))
        return next(span.since for span in spans if not span.is_open) / SECOND

    def open_seconds(self, start: float, end: float) -> float:
        """How many seconds messages may leave between two moments.

        Args:
            start: Unix seconds.
            end: Unix seconds; before ``start`` it is 0 seconds. What is more than ten years after
                it is counted by the usual hours of a day.
        """
        since, until = self._not_sooner("start", start), _instant("end", end)
        if until <= since:
            return 0.0
        if self._hours is None:
            return (until - since) / SECOND
        total = 0
        for span in self._hours.spans(since):
            if span.is_open:
                total += min(span.until, until) - max(span.since, since)
            if span.until >= until:
                break
            # Ten years are walked span by span, changes of the offset included. What is longer (a
            # huge list behind a tiny limit) would take long to walk, and is not needed to the hour.
            if span.until - since > _WALKED:
                total += (until - span.until) * self._hours.daily // DAY
                break
        return total / SECOND

    def end_of(self, start: float, seconds: float) -> float:
        """When so many seconds of sending are over, quiet hours not counted.

        Args:
            start: When the sending begins, or would if the hours let it, in Unix seconds.
            seconds: How long it takes; of 0 the end is when the first message may leave.

        Returns:
            Unix seconds. What takes more than ten years is counted by the usual hours of a day
            from then on.
        """
        check_seconds("seconds", seconds, wrong_argument, zero=True, longest=_ANY)
        opening, left = self._opening("start", start), _instant("seconds", seconds)
        if self._hours is None:
            return (opening + left) / SECOND
        moment = opening
        for span in self._hours.spans(opening):
            if span.is_open:
                moment = max(span.since, opening)
                if left <= span.until - moment:
                    break
                left -= span.until - moment
            if span.until - opening > _WALKED:
                moment, left = span.until, left * DAY // self._hours.daily
                break
        return (moment + left) / SECOND

    def told(self) -> str:
        """In one line for people: ``between 09:00 and 21:00 Europe/Moscow``."""
        said: list[str] = []
        if self._hours is not None:
            opens, closes = _say(self.not_before), _say(self.not_after)
            said.append(f"between {opens} and {closes} {self._zone_told()}")
        if self._begins is not None:
            shown = _shown(self._begins, self.zone)
            said.append(f"from {shown}" if said else f"from {shown} {self._zone_told()}")
        return ", ".join(said) or "at any time"

    def _zone_told(self) -> str:
        return "in this machine's time zone" if self.zone is None else str(self.zone)

    def _not_sooner(self, name: str, moment: float) -> int:
        instant = _instant(name, moment)
        return instant if self._begins is None else max(instant, self._begins)

    def _opening(self, name: str, moment: float) -> int:
        instant = self._not_sooner(name, moment)
        if self._hours is None:
            return instant
        return next(max(span.since, instant) for span in self._hours.spans(instant) if span.is_open)


def _time_of_day(name: str, hour: time | None) -> int:
    if hour is None:
        return 0
    check_instance(name, hour, time, "a time of the day, such as datetime.time(9)", wrong_setting)
    if hour.tzinfo is not None:
        raise ConfigurationError(f"{name} has a time zone of its own: give it as zone instead")
    seconds = (hour.hour * 60 + hour.minute) * 60 + hour.second
    return seconds * SECOND + hour.microsecond


def _say(hour: time | None) -> str:
    if hour is None:
        return "midnight"
    return hour.isoformat("auto" if hour.second or hour.microsecond else "minutes")


def _shown(moment: int, zone: tzinfo | None) -> str:
    shown = datetime.fromtimestamp(moment / SECOND, zone)
    return shown.strftime("%Y-%m-%d %H:%M:%S" if shown.second else "%Y-%m-%d %H:%M")


_GLANCE = 30.0
"""Seconds after which the wall clock is looked at again: it may have been set anew."""


class ScheduleGuard:
    """Holds a dispatcher while the schedule is closed.

    Args:
        schedule: When messages may leave.
        clock: Unix seconds.
    """

    def __init__(self, schedule: Schedule, *, clock: Callable[[], float] = unix_time) -> None:
        self._schedule = schedule
        self._clock = clock
        self.opens_at: float | None = None

    def is_open(self) -> bool:
        """Whether messages may leave now."""
        return self._schedule.is_open(self._clock())

    async def keep(self, dispatcher: Dispatcher) -> None:
        """Hold and release until cancelled."""
        while True:
            now = self._clock()
            if self._schedule.is_open(now):
                self.opens_at = None
                # Also where it is released already, which changes nothing.
                dispatcher.release()
                change = self._schedule.next_close(now)
            else:
                self.opens_at = self._schedule.next_open(now)
                dispatcher.hold()
                change = self.opens_at
            # Woken by the wall clock's distance to the next change, but no later than after a
            # glance: asyncio sleeps by a clock that does not follow when the wall clock is set, or
            # when the machine sleeps.
            left = _GLANCE if change is None else max(0.0, change - now)
            await asyncio.sleep(min(left, _GLANCE))
