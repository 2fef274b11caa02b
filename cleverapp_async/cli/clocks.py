"""Moments as people read them, in this machine's time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .durations import say_duration

if TYPE_CHECKING:
    from datetime import tzinfo

__all__ = ["as_iso", "say_age", "say_moment"]


def say_moment(seconds: float, zone: tzinfo | None = None) -> str:
    """A moment to the minute: ``2026-12-01 10:00``.

    Args:
        seconds: Unix seconds.
        zone: The zone it is told in, and then named; None: this machine's.
    """
    told = datetime.fromtimestamp(seconds, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return told if zone is None else f"{told} {zone}"


def say_age(since: float, now: float) -> str:
    """How long something has lasted: ``3 hours 12 minutes``.

    Args:
        since: Unix seconds of its beginning.
        now: Unix seconds of this moment.
    """
    return say_duration(max(0.0, round(now - since)))


def as_iso(seconds: float) -> str:
    """A moment for programs, to the millisecond, in UTC.

    Args:
        seconds: Unix seconds.
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
