"""The schedule against a walk over every minute, around the changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from attrs import frozen
from hypothesis import assume, given
from hypothesis import strategies as st

from cleverapp_async import Schedule

MINUTE = 60
WALKED = 3 * 24 * 60

CHANGES = {
    "Europe/Berlin": ["2026-03-29T01:00", "2026-10-25T01:00"],
    "America/New_York": ["2026-03-08T07:00", "2026-11-01T06:00"],
    "Australia/Lord_Howe": ["2026-04-04T15:00", "2026-10-03T15:30"],
    "Asia/Kolkata": ["2026-06-01T00:00"],
    "Pacific/Apia": ["2011-12-30T10:00", "2011-09-24T14:00"],
    "America/Sao_Paulo": ["2018-11-04T03:00", "2018-02-18T02:00"],
    "UTC": ["2026-06-01T00:00"],
}
"""By zone: instants around which to look, in UTC; where there is a change, that of the offset."""


@frozen
class Walk:
    """Every minute of three days, and whether it is open.

    Attributes:
        schedule: What is asked.
        minutes: Unix seconds.
        is_open: For each minute.
    """

    schedule: Schedule
    minutes: range
    is_open: list[bool]


@cache
def shows(zone: str, seconds: float) -> datetime:
    """Give what the clock on the wall shows."""
    return datetime.fromtimestamp(seconds, ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def instant(text: str) -> int:
    """Give the Unix seconds of a time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@st.composite
def walks(draw: st.DrawFn) -> Walk:
    """Hours of any zone, and a walk around one of its changes."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    middle = instant(draw(st.sampled_from(CHANGES[zone])))
    start = middle - draw(st.integers(0, WALKED)) * MINUTE
    edges = st.none() | st.integers(0, 24 * 60 - 1) | st.integers(0, 4 * 60)
    opens, closes = draw(edges), draw(edges)
    assume((opens or 0) != (closes or 0))
    schedule = Schedule(not_before=as_time(opens), not_after=as_time(closes), zone=zone)
    minutes = range(start, start + WALKED * MINUTE, MINUTE)
    return Walk(schedule, minutes, [is_open(zone, opens, closes, minute) for minute in minutes])


def as_time(minutes: int | None) -> time | None:
    """Give the hour of so many minutes after midnight."""
    return None if minutes is None else time(*divmod(minutes, 60))


def is_open(zone: str, opens: int | None, closes: int | None, seconds: int) -> bool:
    """Look at the clock on the wall, and nothing else."""
    shown = shows(zone, seconds)
    minute = shown.hour * 60 + shown.minute
    first, last = opens or 0, closes or 24 * 60
    return first <= minute < last if first < last else minute >= first or minute < last


def first(walk: Walk, place: int, *, wanted: bool) -> int | None:
    """Give the first minute from a place on that is open, or closed; None: none in this walk."""
    later = range(place, len(walk.minutes))
    return next((walk.minutes[at] for at in later if walk.is_open[at] is wanted), None)


PLACES = st.lists(st.integers(0, WALKED - 1), min_size=1, max_size=20)


@given(walks(), PLACES, st.floats(0, 59.999))
def test_it_is_open_when_the_clock_on_the_wall_says_so(
    walk: Walk, places: list[int], within: float
) -> None:
    """Asked in any order, each instant of a minute is what the walk says of the minute."""
    for place in places:
        assert walk.schedule.is_open(walk.minutes[place] + within) is walk.is_open[place]


@given(walks(), PLACES)
def test_it_opens_and_closes_at_the_first_minute_that_does(walk: Walk, places: list[int]) -> None:
    """Nothing before the next opening is open, and nothing from it to the end is closed."""
    for place in places:
        now = walk.minutes[place]
        opens = first(walk, place, wanted=True)
        if opens is None:
            assert walk.schedule.next_open(now) >= walk.minutes.stop
            continue
        assert walk.schedule.next_open(now) == opens
        closes = first(walk, walk.minutes.index(opens), wanted=False)
        told = walk.schedule.next_close(now)
        assert told is not None
        assert told == closes or (closes is None and told >= walk.minutes.stop)


@given(walks(), st.integers(0, WALKED - 1), st.integers(0, WALKED - 1))
def test_open_seconds_are_those_of_the_open_minutes(walk: Walk, start: int, end: int) -> None:
    """The open seconds of a stretch are sixty for each of its open minutes."""
    told = walk.schedule.open_seconds(walk.minutes[start], walk.minutes[end])
    assert told == MINUTE * sum(walk.is_open[start:end])


@given(walks(), st.integers(0, WALKED - 1), st.floats(0, 1e5))
def test_the_end_comes_after_just_so_many_open_seconds(
    walk: Walk, start: int, seconds: float
) -> None:
    """Until the end there are exactly the seconds asked for, and its last second is an open one."""
    schedule, now = walk.schedule, walk.minutes[start]
    end = schedule.end_of(now, seconds)
    assert abs(schedule.open_seconds(now, end) - seconds) < 1e-5
    if seconds < 1e-3:
        assert schedule.is_open(end)
    else:
        assert schedule.is_open(end - 5e-4)


@given(walks(), st.integers(0, WALKED - 1), st.floats(0, 1e5), st.floats(0, 1e5))
def test_more_work_never_ends_sooner(walk: Walk, start: int, seconds: float, more: float) -> None:
    """The end moves with the work, and with the start."""
    schedule, now = walk.schedule, walk.minutes[start]
    assert schedule.end_of(now, seconds) <= schedule.end_of(now, seconds + more)
    assert schedule.end_of(now, seconds) <= schedule.end_of(now + more, seconds)


@given(st.data())
def test_a_first_moment_is_when_the_clock_shows_it_or_has_passed_it(data: st.DataObject) -> None:
    """A time without a zone is the first minute at which the clock shows it, or a later time."""
    zone = data.draw(st.sampled_from(sorted(CHANGES)))
    middle = instant(data.draw(st.sampled_from(CHANGES[zone])))
    local = shows(zone, middle) + timedelta(minutes=data.draw(st.integers(-1600, 1600)))
    walk = range(middle - 3200 * MINUTE, middle + 4800 * MINUTE, MINUTE)
    expected = next(minute for minute in walk if shows(zone, minute) >= local)
    assert Schedule(at=local, zone=zone).next_open(walk.start) == expected
