from __future__ import annotations

import pickle
import sys
import time as clocks
import zoneinfo
from datetime import UTC, datetime, time, timedelta, timezone
from math import inf, nan
from typing import TYPE_CHECKING, Any, cast

import pytest

from cleverapp_async import ConfigurationError, InvalidRequestError, Schedule
from tests.raising import raises

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BERLIN = "Europe/Berlin"
DAY = Schedule(not_before=time(9), not_after=time(21), zone=BERLIN)
NIGHT = Schedule(not_before=time(22), not_after=time(6), zone=BERLIN)


def at(text: str, zone: str = BERLIN) -> float:
    """Give the Unix seconds of a local time."""
    return datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp()


def local(text: str) -> datetime:
    """Give a time without a zone."""
    return datetime.fromisoformat(text)


def test_without_settings_it_is_always_open() -> None:
    """A schedule that says nothing lets everything through, for ever."""
    schedule = Schedule()
    assert schedule.is_open(0.0)
    assert schedule.next_open(12.5) == 12.5
    assert schedule.next_close(12.5) is None
    assert schedule.open_seconds(10.0, 25.5) == 15.5
    assert schedule.open_seconds(25.5, 10.0) == 0.0
    assert schedule.end_of(12.5, 7.0) == 19.5
    assert schedule.told() == "at any time"


@pytest.mark.parametrize(
    ("schedule", "moment", "is_open"),
    [
        (DAY, "2026-12-01T08:59:59.999", False),
        (DAY, "2026-12-01T09:00", True),
        (DAY, "2026-12-01T20:59:59.999", True),
        (DAY, "2026-12-01T21:00", False),
        (NIGHT, "2026-12-01T05:59:59.999", True),
        (NIGHT, "2026-12-01T06:00", False),
        (NIGHT, "2026-12-01T22:00", True),
        (Schedule(not_before=time(9), zone=BERLIN), "2026-12-01T23:59:59.999", True),
        (Schedule(not_before=time(9), zone=BERLIN), "2026-12-02T00:00", False),
        (Schedule(not_after=time(9), zone=BERLIN), "2026-12-02T00:00", True),
        (Schedule(not_after=time(9), zone=BERLIN), "2026-12-02T09:00", False),
        (Schedule(not_before=time(9), not_after=time.max, zone=BERLIN), "2026-12-02T23:59", True),
    ],
)
def test_the_hours_begin_at_one_edge_and_end_before_the_other(
    schedule: Schedule, moment: str, is_open: bool
) -> None:
    """The opening hour is open, the closing hour is not, and a missing edge is midnight."""
    assert schedule.is_open(at(moment)) is is_open


def test_a_night_between_two_days_of_sending() -> None:
    """In the evening it tells the next morning, and what the night leaves of a stretch of time."""
    evening, morning = at("2026-12-01T20:30"), at("2026-12-02T09:00")
    assert DAY.next_close(evening) == at("2026-12-01T21:00")
    assert DAY.next_open(at("2026-12-01T21:00")) == morning
    assert DAY.next_close(at("2026-12-01T22:00")) == at("2026-12-02T21:00")
    assert DAY.open_seconds(evening, morning + 60) == 1860
    assert DAY.end_of(evening, 1800) == at("2026-12-01T21:00")
    assert DAY.end_of(evening, 1860) == morning + 60


def test_nothing_left_to_wait_for_ends_when_the_first_message_may_leave() -> None:
    """A send that takes no time ends at the opening, not in the quiet hours before it."""
    assert DAY.end_of(at("2026-12-01T23:00"), 0.0) == at("2026-12-02T09:00")


def test_an_opening_hour_that_is_skipped_opens_at_the_jump() -> None:
    """On the morning that has no 02:30 it opens as the clock jumps to 03:00."""
    schedule = Schedule(not_before=time(2, 30), not_after=time(4), zone=BERLIN)
    assert schedule.next_open(at("2026-03-29T00:00")) == at("2026-03-29T03:00")
    assert schedule.open_seconds(at("2026-03-29T00:00"), at("2026-03-30T00:00")) == 3600


def test_an_hour_that_comes_twice_counts_twice() -> None:
    """In the night that has 02:30 twice, both are sent in."""
    schedule = Schedule(not_before=time(2), not_after=time(3), zone=BERLIN)
    assert schedule.open_seconds(at("2026-10-25T00:00"), at("2026-10-26T00:00")) == 7200


def test_hours_that_the_clock_leaves_out_do_not_come() -> None:
    """Hours that lie in the jump as a whole wait for the next day."""
    schedule = Schedule(not_before=time(2, 15), not_after=time(2, 45), zone=BERLIN)
    assert schedule.next_open(at("2026-03-29T00:00")) == at("2026-03-30T02:15")


def test_a_day_that_does_not_exist_is_passed_over() -> None:
    """Samoa had no Friday that year: Saturday's morning comes after Thursday's evening."""
    schedule = Schedule(not_before=time(9), not_after=time(21), zone="Pacific/Apia")
    thursday = at("2011-12-29T21:00", "Pacific/Apia")
    assert schedule.next_open(thursday) == at("2011-12-31T09:00", "Pacific/Apia")
    assert schedule.next_open(thursday) - thursday == 12 * 3600


@pytest.mark.parametrize("steps", [(0, -40_000, 90_000, -3600), (86_400, -86_401, 1, 10_000_000)])
def test_a_clock_that_steps_is_followed(steps: tuple[int, ...]) -> None:
    """Whatever was asked before, an answer is that of a schedule that was never asked."""
    now = at("2026-12-01T12:00")
    asked = Schedule(not_before=time(9), not_after=time(21), zone=BERLIN)
    for step in steps:
        now += step
        fresh = Schedule(not_before=time(9), not_after=time(21), zone=BERLIN)
        assert asked.is_open(now) == fresh.is_open(now)
        assert asked.next_open(now) == fresh.next_open(now)
        assert asked.next_close(now) == fresh.next_close(now)


def test_the_first_moment_comes_before_the_hours() -> None:
    """Before ``at`` nothing leaves, and after it the hours hold."""
    schedule = Schedule(
        at=local("2026-12-01T10:00"), not_before=time(9), not_after=time(21), zone=BERLIN
    )
    assert not schedule.is_open(at("2026-12-01T09:59:59"))
    assert schedule.next_open(at("2026-11-30T12:00")) == at("2026-12-01T10:00")
    assert schedule.next_close(at("2026-11-30T12:00")) == at("2026-12-01T21:00")
    assert schedule.open_seconds(at("2026-11-30T00:00"), at("2026-12-02T00:00")) == 11 * 3600
    assert schedule.end_of(at("2026-11-30T00:00"), 60) == at("2026-12-01T10:01")


def test_a_first_moment_in_quiet_hours_waits_for_the_opening() -> None:
    """A campaign planned for the night begins in the morning."""
    schedule = Schedule(
        at=local("2026-12-01T23:00"), not_before=time(9), not_after=time(21), zone=BERLIN
    )
    assert schedule.next_open(at("2026-12-01T12:00")) == at("2026-12-02T09:00")


def test_a_first_moment_with_its_own_zone_is_that_instant() -> None:
    """An offset in ``at`` counts more than the schedule's zone."""
    schedule = Schedule(at=datetime(2026, 12, 1, 10, tzinfo=UTC), zone=BERLIN)
    assert schedule.next_open(0.0) == at("2026-12-01T11:00")
    assert schedule.next_close(0.0) is None


@pytest.mark.parametrize(
    ("moment", "utc"),
    [
        (local("2026-03-29T02:30"), "2026-03-29T01:00"),
        (local("2026-10-25T02:30"), "2026-10-25T00:30"),
        (local("2026-10-25T02:30").replace(fold=1), "2026-10-25T01:30"),
    ],
)
def test_a_first_moment_on_the_day_of_a_change(moment: datetime, utc: str) -> None:
    """A skipped time is the jump; of one that comes twice the first counts, unless it says so."""
    assert Schedule(at=moment, zone=BERLIN).next_open(0.0) == at(utc, "UTC")


@pytest.fixture
def _machine_in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", BERLIN)
    clocks.tzset()
    yield
    monkeypatch.undo()
    clocks.tzset()


@pytest.mark.usefixtures("_machine_in_berlin")
@pytest.mark.parametrize("day", ["2026-03-29", "2026-07-01", "2026-10-25"])
def test_without_a_zone_it_is_the_machines(day: str) -> None:
    """The machine's own zone counts as if it were named, on the days of a change too."""
    start = at(f"{day}T00:00")
    first, hour = local(f"{day}T02:15"), time(2, 30)
    named = Schedule(at=first, not_before=hour, zone=BERLIN)
    unnamed = Schedule(at=first, not_before=hour)
    assert unnamed.next_open(start) == named.next_open(start)
    assert unnamed.next_close(start) == named.next_close(start)
    assert unnamed.open_seconds(start, start + 10**6) == named.open_seconds(start, start + 10**6)
    shown = f"{day} 02:15".replace("03-29 02:15", "03-29 03:00")
    assert unnamed.told() == (
        f"between 02:30 and midnight in this machine's time zone, from {shown}"
    )


def test_years_of_work_are_counted_without_walking_them() -> None:
    """A send of many thousand years has an end all the same, half of each day long."""
    assert DAY.end_of(at("2026-12-01T12:00"), 1e12) == pytest.approx(2e12, rel=0.01)
    assert DAY.open_seconds(at("2026-12-01T12:00"), 2e12) == pytest.approx(1e12, rel=0.01)


@pytest.mark.parametrize("given", [nan, inf, -inf, "12:00", None, timedelta(1)])
def test_a_moment_that_is_none_is_refused(given: object) -> None:
    """Whatever is no finite number of seconds is refused by the argument's name."""
    wrong = cast("Any", given)
    asked: list[tuple[str, Callable[[], object]]] = [
        ("now", lambda: DAY.is_open(wrong)),
        ("now", lambda: DAY.next_open(wrong)),
        ("now", lambda: DAY.next_close(wrong)),
        ("start", lambda: DAY.open_seconds(wrong, 0.0)),
        ("end", lambda: DAY.open_seconds(0.0, wrong)),
        ("start", lambda: DAY.end_of(wrong, 0.0)),
        ("seconds", lambda: DAY.end_of(0.0, wrong)),
    ]
    for name, ask in asked:
        with pytest.raises(InvalidRequestError) as raised:
            ask()
        assert raised.value.fields == (name,)


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        (DAY, "between 09:00 and 21:00 Europe/Berlin"),
        (Schedule(not_before=time(9, 30), zone="UTC"), "between 09:30 and midnight UTC"),
        (Schedule(not_after=time(8, 0, 5), zone="UTC"), "between midnight and 08:00:05 UTC"),
        (
            Schedule(at=local("2026-12-01T10:00"), not_before=time(9), zone="Europe/Moscow"),
            "between 09:00 and midnight Europe/Moscow, from 2026-12-01 10:00",
        ),
        (
            Schedule(at=datetime(2026, 12, 1, 10, 0, 7, tzinfo=UTC), zone="Europe/Moscow"),
            "from 2026-12-01 13:00:07 Europe/Moscow",
        ),
        (
            Schedule(at=local("2026-12-01"), zone=timezone(timedelta(hours=3))),
            "from 2026-12-01 00:00 UTC+03:00",
        ),
    ],
)
def test_it_is_told_in_one_line(schedule: Schedule, told: str) -> None:
    """People read hours, zone and first moment, as the zone's clock shows them."""
    assert schedule.told() == told


def test_equal_schedules_are_equal_and_travel() -> None:
    """What was asked before makes no difference, and pickling keeps everything."""
    other = Schedule(not_before=time(9), not_after=time(21), zone=zoneinfo.ZoneInfo(BERLIN))
    assert DAY.is_open(at("2026-12-01T12:00"))
    assert other == DAY
    assert hash(other) == hash(DAY)
    copy = pickle.loads(pickle.dumps(DAY))  # noqa: S301 - bytes of our own
    assert copy == DAY
    assert copy.next_open(0.0) == DAY.next_open(0.0)


@pytest.mark.parametrize(
    ("opens", "closes"), [(time(9), time(9)), (time(0), None), (None, time(0))]
)
def test_hours_that_are_equal_are_refused(opens: time | None, closes: time | None) -> None:
    """Nobody can tell whether that means never or always, so it says what to give instead."""
    with raises(ConfigurationError, "not_before", "not_after"):
        Schedule(not_before=opens, not_after=closes)


def test_an_hour_with_a_zone_of_its_own_is_refused() -> None:
    """The zone is the schedule's, so that there is one only."""
    with raises(ConfigurationError, "not_after", "zone"):
        Schedule(not_after=time(9, tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "remedy"),
    [
        ("Europe/Moskow", "write it like Europe/Moscow"),
        ("berlin", "write it like Europe/Berlin"),
        ("New York", "write it like America/New_York"),
        ("Europe", "write it like"),
        ("../etc/passwd", "write it like"),
        ("", "write it like Europe/Moscow"),
    ],
)
def test_an_unknown_zone_is_refused_with_one_like_it(zone: str, remedy: str) -> None:
    """The name is told, and names that look like it."""
    with pytest.raises(ConfigurationError) as caught:
        Schedule(zone=zone)
    assert repr(zone) in str(caught.value)
    assert remedy in str(caught.value)


def test_a_system_without_zones_is_told_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any time zone data the package that brings it is named; UTC needs none."""
    monkeypatch.setitem(sys.modules, "tzdata", None)
    zoneinfo.reset_tzpath(to=[])
    try:
        with pytest.raises(ConfigurationError, match=r"'Europe/Nowhere'.*pip install tzdata"):
            Schedule(zone="Europe/Nowhere")
        assert Schedule(zone="UTC").zone is UTC
    finally:
        zoneinfo.reset_tzpath()
