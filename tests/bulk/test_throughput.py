from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import LimitKey, Schedule
from cleverapp_async.bulk import EtaMeter

KEY = LimitKey(7, "telegram")
OTHER = LimitKey(8, "telegram")
START = datetime(2026, 12, 1, 12, tzinfo=UTC).timestamp()
DAY = Schedule(not_before=time(9), not_after=time(21), zone="UTC")


def even(meter: EtaMeter, start: float, gap: float, count: int) -> float:
    """Note outcomes at even gaps; give the moment of the last one."""
    for place in range(count):
        meter.note(KEY, start + place * gap)
    return start + (count - 1) * gap


@pytest.mark.parametrize("count", [0, 1, 5])
def test_few_outcomes_are_no_rate(count: int) -> None:
    """From fewer than six outcomes nothing is told, of a key and of all together."""
    meter = EtaMeter()
    now = even(meter, START, 1.0, count)
    assert meter.rate(KEY, now) is None
    assert meter.rate_of_all(now) is None
    assert meter.has_seen(KEY) is (count > 0)


def test_outcomes_at_one_instant_are_no_rate() -> None:
    """Without any time between them no rate is told."""
    meter = EtaMeter()
    now = even(meter, START, 0.0, 20)
    assert meter.rate(KEY, now) is None


@given(st.floats(0.001, 1000), st.integers(6, 200), st.floats(1, 1000))
def test_an_even_flow_has_its_own_rate(gap: float, count: int, half_life: float) -> None:
    """However long the memory, outcomes at even gaps are measured as what they are."""
    meter = EtaMeter(half_life=half_life)
    now = even(meter, 0.0, gap, count)
    assert meter.rate(KEY, now) == pytest.approx(1 / gap)
    assert meter.rate_of_all(now) == pytest.approx(1 / gap)


@given(st.integers(1, 20), st.floats(0.5, 30), st.integers(6, 60), st.floats(0, 1))
def test_a_key_at_its_limit_is_not_taken_for_slow(
    limit: int, period: float, count: int, within: float
) -> None:
    """Bursts of N in each T are N per T at any moment, up to what fades within one T."""
    meter = EtaMeter()
    for place in range(count):
        meter.note(KEY, place // limit * period)
    now = ((count - 1) // limit + within) * period
    rate = meter.rate(KEY, now, burst=limit)
    assert rate is None or rate >= limit / period * 0.5 ** (period / 120.0) * (1 - 1e-9)


def test_what_came_long_ago_counts_less() -> None:
    """After a few half-lives at another rate the old one is forgotten."""
    meter = EtaMeter(half_life=60.0)
    slow_until = even(meter, START, 10.0, 60)
    now = even(meter, slow_until + 1.0, 1.0, 600)
    assert meter.rate(KEY, now) == pytest.approx(1.0, rel=0.01)


def test_a_silence_counts_once_it_is_longer_than_the_gaps() -> None:
    """Right after an outcome nothing has changed; a silence of ten gaps tells of a slower key."""
    meter = EtaMeter()
    now = even(meter, START, 1.0, 100)
    assert meter.rate(KEY, now + 0.9) == pytest.approx(1.0)
    silenced = meter.rate(KEY, now + 1000)
    assert silenced is not None
    assert silenced < 0.15


def test_a_hold_does_not_make_a_key_slow() -> None:
    """The seconds of a pause are left out, before, within and after it."""
    meter = EtaMeter()
    now = even(meter, START, 1.0, 100)
    meter.hold(KEY, now, 600.0)
    assert meter.rate(KEY, now + 300.0) == pytest.approx(1.0)
    assert meter.rate(KEY, now + 600.5) == pytest.approx(1.0)
    assert meter.rate_of_all(now + 600.5) == pytest.approx(1.0)
    now = even(meter, now + 601.0, 1.0, 100)
    assert meter.rate(KEY, now) == pytest.approx(1.0)


def test_a_hold_of_one_key_tells_nothing_of_the_other_ones() -> None:
    """While one key is held the others keep their rates, and all together are not measured."""
    meter = EtaMeter()
    for second in range(100):
        meter.note(KEY, START + second)
        meter.note(OTHER, START + second)
    meter.hold(OTHER, START + 99, 600.0)
    now = even(meter, START + 100, 1.0, 300)
    assert meter.rate(KEY, now) == pytest.approx(1.0)
    assert meter.rate(OTHER, now) == pytest.approx(1.0)
    assert meter.rate_of_all(now) == pytest.approx(2.0, rel=0.02)


def test_a_hold_that_is_lifted_counts_no_more() -> None:
    """From a hold of zero seconds on the key could send again."""
    meter = EtaMeter()
    now = even(meter, START, 1.0, 100)
    meter.hold(KEY, now, 600.0)
    meter.hold(KEY, now + 10.0, 0.0)
    rate = meter.rate(KEY, now + 600.0)
    assert rate is not None
    assert rate < 0.5


def test_a_key_that_had_nothing_to_send_is_not_slow() -> None:
    """Time that is skipped does not count."""
    meter = EtaMeter()
    now = even(meter, START, 1.0, 100)
    meter.skip(KEY, now + 5000)
    meter.skip(OTHER, now + 5000)
    assert meter.rate(KEY, now + 5000.5) == pytest.approx(1.0)
    assert not meter.has_seen(OTHER)


def test_quiet_hours_do_not_make_a_key_slow() -> None:
    """A night between two outcomes is left out, to the second."""
    meter = EtaMeter(DAY)
    evening = datetime(2026, 12, 1, 20, 59, tzinfo=UTC).timestamp()
    even(meter, evening, 1.0, 60)
    now = even(meter, evening + 60 + 12 * 3600, 1.0, 60)
    assert meter.rate(KEY, now) == pytest.approx(1.0)
    assert meter.rate_of_all(now) == pytest.approx(1.0)


def test_a_clock_set_back_costs_no_more_than_what_it_hides() -> None:
    """An hour that comes again counts once, and a hold told by the old time does not last."""
    meter = EtaMeter()
    now = even(meter, START, 1.0, 100)
    meter.hold(KEY, now, 5.0)
    now = even(meter, now - 3600, 1.0, 300)
    assert meter.rate(KEY, now) == pytest.approx(1.0, rel=0.01)
    assert meter.rate_of_all(now) == pytest.approx(1.0, rel=0.01)


def test_a_half_life_is_above_zero() -> None:
    """A memory of no length is refused."""
    with pytest.raises(ValueError, match="half_life"):
        EtaMeter(half_life=0.0)
