from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import LimitKey, Quota, Schedule, forecast
from cleverapp_async.bulk.eta import least_seconds

WHATSAPP = LimitKey(7, "whatsapp")
TELEGRAM = LimitKey(7, "telegram")
QUOTAS = {WHATSAPP: (Quota(1, 10.0),), TELEGRAM: (Quota(10, 10.0),)}
ACCOUNT = (Quota(2, 1.0), Quota(120, 60.0))


@pytest.mark.parametrize(
    ("messages", "seconds"), [(0, 0.0), (1, 0.0), (10, 0.0), (11, 10.0), (20, 10.0), (21, 20.0)]
)
def test_the_first_window_costs_nothing(messages: int, seconds: float) -> None:
    """A further window is waited for after each N messages, and none before the first."""
    assert least_seconds(messages, [Quota(10, 10.0)]) == seconds


def test_no_quota_takes_no_time() -> None:
    """Without a quota everything may leave at once."""
    assert least_seconds(1_000_000, []) == 0


def test_the_binding_limit_is_named() -> None:
    """The longest share is the forecast, and names what binds it."""
    found = forecast({WHATSAPP: 433, TELEGRAM: 1000}, QUOTAS.__getitem__, ACCOUNT)
    assert found.seconds == 4320
    assert found.bound_by.name == "whatsapp of bot 7"
    assert [share.key for share in found.shares] == [WHATSAPP, TELEGRAM]


def test_the_account_binds_what_the_keys_would_let_through() -> None:
    """Where the account takes longest, it is named."""
    found = forecast({None: 500}, QUOTAS.__getitem__, ACCOUNT)
    assert found.bound_by.name == "the whole account"
    assert found.seconds == 249
    assert found.shares[0].name == "route unknown"


def test_what_is_done_has_no_share() -> None:
    """A key without messages left is not shown."""
    assert forecast({TELEGRAM: 0}, QUOTAS.__getitem__, ACCOUNT).shares == ()


def test_a_hundred_thousand_whatsapp_messages() -> None:
    """At one in ten seconds 100,000 messages take 11.6 days, and 23.1 of twelve hours each."""
    found = forecast({WHATSAPP: 100_000}, QUOTAS.__getitem__, ACCOUNT)
    start = datetime(2026, 12, 1, 9, tzinfo=UTC).timestamp()
    days = Schedule(not_before=time(9), not_after=time(21), zone="UTC")
    assert found.seconds == 999_990
    assert found.ends_at(start, None) == start + 999_990
    assert found.ends_at(start, days) == start + 23 * 86_400 + (999_990 - 23 * 43_200)


def test_a_single_message_waits_for_the_opening() -> None:
    """What the limits let through at once still waits for the hours."""
    found = forecast({WHATSAPP: 1}, QUOTAS.__getitem__, ACCOUNT)
    night = datetime(2026, 12, 1, 3, tzinfo=UTC).timestamp()
    schedule = Schedule(not_before=time(9), zone="UTC")
    assert found.ends_at(night, schedule) == night + 6 * 3600


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=60).map(sorted),
    st.integers(1, 5),
    st.floats(0.1, 20),
)
def test_no_lawful_schedule_is_quicker(times: list[float], limit: int, period: float) -> None:
    """Arrivals that keep a quota never end before the forecast says."""
    for place in range(limit, len(times)):
        times[place] = max(times[place], times[place - limit] + period)
    least = least_seconds(len(times), [Quota(limit, period)])
    assert times[-1] - times[0] >= least * (1 - 1e-9)
