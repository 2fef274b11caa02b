from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.simulator import WindowKind, most_in_any_window
from cleverapp_async.simulator.limits import WINDOW_KINDS, QuotaCounter, make_counter

steps = st.lists(st.floats(0, 3, allow_nan=False), min_size=1, max_size=60)
quotas = st.tuples(st.integers(1, 5), st.sampled_from([0.1, 1.0, 2.5, 10.0]))


def admitted(window: QuotaCounter, times: list[float]) -> list[float]:
    """Offer arrivals to a window and give those it admits."""
    taken: list[float] = []
    for now in times:
        if window.wait(now) == 0.0:
            window.take(now)
            taken.append(now)
    return taken


def clock(gaps: list[float], start: float = 1000.0) -> list[float]:
    """Turn gaps into times."""
    times = []
    for gap in gaps:
        start += gap
        times.append(start)
    return times


@given(quota=quotas, gaps=steps)
def test_a_sliding_window_never_holds_more_than_its_limit(
    quota: tuple[int, float], gaps: list[float]
) -> None:
    """In no window of the period are more admitted than the limit."""
    limit, period = quota
    taken = admitted(make_counter("sliding", limit, period), clock(gaps))
    assert most_in_any_window(taken, period) <= limit


@given(quota=quotas, gaps=steps, kind=st.sampled_from(WINDOW_KINDS))
def test_every_kind_admits_whoever_keeps_any_window(
    quota: tuple[int, float], gaps: list[float], kind: WindowKind
) -> None:
    """A client which keeps the limit in any window is never refused, whatever is counted."""
    limit, period = quota
    kept = admitted(make_counter("sliding", limit, period), clock(gaps))
    assert admitted(make_counter(kind, limit, period), kept) == kept


@given(quota=quotas, gaps=steps, kind=st.sampled_from(WINDOW_KINDS))
def test_after_the_told_wait_one_more_is_admitted(
    quota: tuple[int, float], gaps: list[float], kind: WindowKind
) -> None:
    """The wait of a full window is positive and at most a period, and enough."""
    limit, period = quota
    window = make_counter(kind, limit, period)
    times = clock(gaps)
    admitted(window, times)
    wait = window.wait(times[-1])
    assert 0 <= wait <= period + 1e-6
    assert window.wait(times[-1] + wait + 1e-6) == 0.0


@given(quota=quotas, gaps=steps, kind=st.sampled_from(WINDOW_KINDS))
def test_remaining_tells_how_many_more_are_admitted(
    quota: tuple[int, float], gaps: list[float], kind: WindowKind
) -> None:
    """Exactly as many are admitted at one moment as remaining said."""
    limit, period = quota
    window = make_counter(kind, limit, period)
    times = clock(gaps)
    admitted(window, times)
    now = times[-1]
    remaining = window.remaining(now)
    assert len(admitted(window, [now] * (limit + 1))) == remaining


@pytest.mark.parametrize("kind", WINDOW_KINDS)
def test_a_burst_of_the_limit_is_admitted_and_no_more(kind: WindowKind) -> None:
    """Every kind admits a burst of its limit, and refuses the next."""
    assert len(admitted(make_counter(kind, 10, 10.0), [5.0] * 15)) == 10


@pytest.mark.parametrize("kind", WINDOW_KINDS)
def test_windows_are_half_open(kind: WindowKind) -> None:
    """An arrival exactly one period after another is not in its window."""
    assert admitted(make_counter(kind, 1, 10.0), [0.0, 9.999, 10.0]) == [0.0, 10.0]


def test_a_fixed_window_admits_twice_its_limit_around_its_end() -> None:
    """A fixed window opened by its first arrival lets 2 N - 1 through within a moment."""
    times = [0.0] + [9.9] * 9 + [10.0] * 10
    assert most_in_any_window(admitted(make_counter("fixed", 10, 10.0), times), 10.0) == 19


def test_a_bucket_refills_evenly() -> None:
    """A drained bucket gains one token per period / limit."""
    window = make_counter("bucket", 10, 10.0)
    taken = admitted(window, [0.0] * 10 + [0.5, 1.0, 1.5, 2.0])
    assert taken[10:] == [1.0, 2.0]


@given(times=st.lists(st.floats(0, 50, allow_nan=False), max_size=40), period=st.floats(0.5, 20))
def test_most_in_any_window_agrees_with_counting_each(times: list[float], period: float) -> None:
    """The two pointers find what counting the window after each arrival finds."""
    ordered = sorted(times)
    slow = max(
        (
            sum(1 for time in ordered[index:] if time - first < period)
            for index, first in enumerate(ordered)
        ),
        default=0,
    )
    assert most_in_any_window(ordered, period) == slow
