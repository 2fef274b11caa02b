"""Every form of Retry-After that servers are known to send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from cleverapp_async._response import retry_after

NOON = "Wed, 21 Oct 2015 12:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        (" 3 ", 3.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("-5", 0.0),
        ("1e3", 1000.0),
        ("99999999999", 99_999_999_999.0),
        ("nan", None),
        ("inf", None),
        ("-inf", None),
        ("1e999", None),
        ("", None),
        ("soon", None),
        ("3 seconds", None),
        ("Wed, 99 Oct 2015", None),
    ],
)
def test_numbers_and_nonsense(value: str, seconds: float | None) -> None:
    """Numbers count from 0 up; what is neither a number nor a date counts as absent."""
    assert retry_after({"retry-after": value}) == seconds


def test_absent() -> None:
    """Without the header the server did not say."""
    assert retry_after({}) is None


@pytest.mark.parametrize(
    ("until", "seconds"),
    [
        ("Wed, 21 Oct 2015 12:00:30 GMT", 30.0),
        ("Wed, 21 Oct 2015 11:00:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 15:00:30 +0300", 30.0),
        ("Wed, 21 Oct 2015 12:00:30 -0000", 30.0),
    ],
)
def test_a_date_is_read_by_the_servers_own_clock(until: str, seconds: float) -> None:
    """With a Date header the difference counts, so that a wrong clock here does no harm."""
    assert retry_after({"retry-after": until, "date": NOON}) == seconds


@pytest.mark.parametrize("date", [None, "yesterday"])
def test_a_date_without_the_servers_clock(date: str | None) -> None:
    """Without a Date header that can be read the clock of this machine has to do."""
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    headers = {"retry-after": until} if date is None else {"retry-after": until, "date": date}
    seconds = retry_after(headers)
    assert seconds is not None
    assert 50 < seconds <= 60
