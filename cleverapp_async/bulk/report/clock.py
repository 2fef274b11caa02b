"""Moments in one time zone, as a page shows them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from attrs import frozen

from .markup import Html, tag

__all__ = ["Clock"]

# Ten thousand years from 1970 no date can hold: what a broken clock wrote is shown as the nearest.
_LAST = 250_000_000_000


@frozen
class Clock:
    """Shows moments.

    Attributes:
        zone: The time zone; None for this machine's.
    """

    zone: tzinfo | None = None

    def at(self, moment: float) -> datetime:
        """Unix seconds as a moment in the zone."""
        return datetime.fromtimestamp(min(max(moment, 0), _LAST), UTC).astimezone(self.zone)

    def offset(self, moment: float) -> str:
        """The zone's offset at a moment, such as ``UTC+03:00``."""
        written = self.at(moment).strftime("%z")
        return "UTC" if written == "+0000" else f"UTC{written[:3]}:{written[3:5]}"

    def written(self, moment: float) -> str:
        """A moment to the second."""
        return f"{self.at(moment):%Y-%m-%d %H:%M:%S}"

    def time(self, moment: float) -> Html:
        """A moment to the second, and for programs to the millisecond with its offset."""
        exact = self.at(moment).isoformat("T", "milliseconds")
        return tag("time", self.written(moment), datetime=exact)
