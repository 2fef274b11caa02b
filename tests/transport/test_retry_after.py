"""Every form in which servers are known to say when a refused client may come back."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from cleverapp_async import ServerError
from cleverapp_async.retry import retry_after, to_the_last_second
from tests.transport.rig import client_of, http, raw_server

NOON = "Wed, 21 Oct 2015 12:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        (" 3 ", 3.0),
        ("1.5", 1.5),
        ("0.2", 0.2),
        ("0", None),
        ("0.0", None),
        ("-5", None),
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
    """What the server said is kept as it was said; zero and nonsense count as not said."""
    assert retry_after({"retry-after": value}) == seconds


@pytest.mark.parametrize(("said", "waited"), [(None, None), (3.0, 4.0), (2.5, 2.5)])
def test_whole_seconds_are_waited_for_to_the_end_of_the_last(
    said: float | None, waited: float | None
) -> None:
    """A server cuts down what it says: 3 may be 3.9."""
    assert to_the_last_second(said) == waited


def test_absent() -> None:
    """Without the header the server did not say."""
    assert retry_after({}) is None


@pytest.mark.parametrize(
    ("until", "seconds"),
    [
        ("Wed, 21 Oct 2015 12:00:30 GMT", 30.0),
        ("Wed, 21 Oct 2015 11:00:00 GMT", None),
        ("Wed, 21 Oct 2015 12:00:00 GMT", None),
        ("Wed, 21 Oct 2015 15:00:30 +0300", 30.0),
        ("Wed, 21 Oct 2015 12:00:30 -0000", 30.0),
    ],
)
def test_a_date_is_read_by_the_servers_own_clock(until: str, seconds: float | None) -> None:
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


NOON_UNIX = 1_445_428_800


@pytest.mark.parametrize(
    ("asked", "reset", "seconds"),
    [
        ("0", NOON_UNIX + 1, 1.0),
        ("1", NOON_UNIX + 1, 1.0),
        ("1", NOON_UNIX, 1.0),
        ("3", NOON_UNIX + 1, 3.0),
        ("", NOON_UNIX + 5, 5.0),
        ("0", NOON_UNIX, None),
        ("0", NOON_UNIX - 60, None),
        ("2", NOON_UNIX * 1000, 2.0),
        ("", NOON_UNIX * 1000, None),
        ("", 30, None),
        ("", "soon", None),
        ("", "nan", None),
        ("2", "-inf", 2.0),
    ],
)
def test_the_reset_counts_where_it_is_later(
    asked: str, reset: float | str, seconds: float | None
) -> None:
    """Of ``Retry-After`` and ``X-RateLimit-Reset`` the later one counts, if it can be meant."""
    headers = {"retry-after": asked, "x-ratelimit-reset": str(reset), "date": NOON}
    assert retry_after(headers) == seconds


async def test_a_limits_reset_does_not_tell_when_a_server_works_again() -> None:
    """Servers put it into every answer; an error is no reason to hold everything until then."""
    reset = {"X-RateLimit-Reset": str(int(time.time()) + 3000)}
    async with raw_server(http(b"{}", 500, reset)) as raw, client_of(raw.base_url) as client:
        for _ in range(2):
            with pytest.raises(ServerError) as caught:
                await client.send_message(contact_id=1, text="Hi", deadline=60)
            assert caught.value.retry_after is None
        assert len(raw.requests) == 2
