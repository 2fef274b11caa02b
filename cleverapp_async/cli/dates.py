"""Dates and hours on the command line."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

__all__ = ["read_from", "read_hour", "read_moment", "read_to"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_HOUR = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


def read_from(text: str) -> int:
    """The first second of an ISO date, or the moment of a date with its time.

    Without an offset it is in this machine's time zone.

    Raises:
        ValueError: It is neither; the message says so.
    """
    return _seconds(text, timedelta())


def read_to(text: str) -> int:
    """The last second of an ISO date, or the moment of a date with its time.

    Without an offset it is in this machine's time zone.

    Raises:
        ValueError: It is neither; the message says so.
    """
    return _seconds(text, timedelta(days=1, seconds=-1))


def read_hour(text: str) -> time:
    """The hour of the day of ``09:00``.

    Raises:
        ValueError: It is none; the message says so.
    """
    match = _HOUR.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no hour of the day such as 09:00 or 21:30")
    return time(int(match[1]), int(match[2]), int(match[3] or 0))


def read_moment(text: str) -> datetime:
    """The moment of an ISO date with its time; without an offset where none is written.

    Raises:
        ValueError: It is none; the message says so.
    """
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"{text!r} is no ISO date with a time, such as 2026-12-01T10:00 or "
            "2026-12-01T10:00+03:00"
        ) from None


def _seconds(text: str, into_the_day: timedelta) -> int:
    try:
        moment = datetime.fromisoformat(text.strip())
        if _DAY.fullmatch(text.strip()):
            moment += into_the_day
        seconds = int(moment.timestamp())
    except (ValueError, OverflowError, OSError):
        seconds = -1
    if seconds < 0:
        raise ValueError(
            f"{text!r} is no ISO date since 1970, such as 2024-01-31 or 2024-01-31T12:00:00+03:00"
        )
    return seconds
