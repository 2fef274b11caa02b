"""Local time in a time zone: its offset at an instant, and when that offset changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from time import localtime

from attrs import frozen

from .._arguments import check_instance, wrong_setting
from ..errors import ConfigurationError

__all__ = ["DAY", "SECOND", "WallClock", "as_zone"]

SECOND = 1_000_000
"""Instants and offsets are whole microseconds: their arithmetic is exact."""

DAY = 86_400 * SECOND

_EARLIEST, _LATEST = 0, 32_503_680_000
"""1970 and 3000, in Unix seconds: what every system's own clock can tell. The offsets at both ends
hold beyond them."""

_MICROSECOND = timedelta(microseconds=1)


def as_zone(zone: tzinfo | str | None) -> tzinfo | None:
    """The time zone with this name; None stands for the machine's own.

    Args:
        zone: A name of the IANA time zone database, a zone, or None.

    Raises:
        ConfigurationError: No zone has that name, or the machine knows none.
    """
    if zone is None:
        return None
    if not isinstance(zone, str):
        wanted = "a time zone, or its name such as Europe/Moscow"
        check_instance("zone", zone, tzinfo, wanted, wrong_setting)
        return zone
    if zone == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - only schedules need it

    try:
        return ZoneInfo(zone)
    except (LookupError, ValueError, OSError):
        remedy = _remedy(zone)
    raise ConfigurationError(f"no time zone {zone!r} is known here: {remedy}")


def _remedy(zone: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only this refusal needs it
    from zoneinfo import available_timezones  # noqa: PLC0415 - only schedules need it

    known = available_timezones()
    if not known:
        return "this system has no time zone data; pip install tzdata brings it"
    # People write the city, not the continent, in any case and with blanks.
    by_city = {name.rpartition("/")[2].casefold(): name for name in sorted(known)}
    wanted = zone.rpartition("/")[2].casefold().strip().replace(" ", "_")
    near = [by_city[city] for city in get_close_matches(wanted, by_city, n=3)]
    return f"write it like {' or '.join(near or ['Europe/Moscow'])}"


@frozen
class WallClock:
    """The local time of a time zone.

    Attributes:
        zone: The zone; None: the machine's.
    """

    zone: tzinfo | None

    def offset(self, moment: int) -> int:
        """How far the clock is ahead of UTC at an instant, in microseconds.

        Args:
            moment: Unix microseconds.
        """
        second = min(max(moment // SECOND, _EARLIEST), _LATEST)
        if self.zone is None:
            # `localtime` and not a zone of ours: the machine's rules may have no name in the
            # database.
            return localtime(second).tm_gmtoff * SECOND
        shift = datetime.fromtimestamp(second, self.zone).utcoffset()
        return 0 if shift is None else shift // _MICROSECOND

    def change(self, since: int, until: int) -> int | None:
        """The instant in ``(since, until]`` at which the offset changes; None: it does not.

        Two changes in the same span would not be seen: no zone has made two within a week since
        1970 (IANA time zone database).
        """
        before = self.offset(since)
        if self.offset(until) == before:
            return None
        # Halved until one second is left: offsets change on whole seconds.
        early, late = since // SECOND, until // SECOND
        while late - early > 1:
            middle = (early + late) // 2
            if self.offset(middle * SECOND) == before:
                early = middle
            else:
                late = middle
        return late * SECOND

    def first(self, shown: datetime) -> int:
        """The first instant at which the clock shows a time, or has passed it.

        A time that comes twice is the first one, unless its ``fold`` says otherwise; a time that
        the clock leaves out is the instant of the jump.

        Args:
            shown: Without a zone.

        Returns:
            Unix microseconds.
        """
        local = (shown.replace(tzinfo=UTC) - datetime.fromtimestamp(0, UTC)) // _MICROSECOND
        # The offset depends on the instant that is sought. A day before and a day after lie on both
        # sides of any change near it, and no offset is a day long.
        offsets = (self.offset(local - DAY), self.offset(local + DAY))
        found = sorted(local - offset for offset in offsets)
        # One instant as a rule, two where the clock goes back over the time, none where it leaves
        # it out.
        showing = [moment for moment in found if moment + self.offset(moment) == local]
        if showing:
            return showing[-1 if shown.fold else 0]
        jump = self.change(*found)
        return found[-1] if jump is None else jump
