"""Dates on the command line as Unix seconds."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

__all__ = ["read_from", "read_to"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


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
