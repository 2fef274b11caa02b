"""Numbers, durations, moments and other people's texts, as a page shows them."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from ...limits.quota import Quota

__all__ = [
    "Clock",
    "number",
    "percent",
    "plain",
    "plural",
    "quoted",
    "seconds",
    "shortened",
    "tell_quota",
]

# They join letters and emoji, or hold a number and its unit together.
_JOINERS = "\u200c\u200d\u00a0"
_TOGETHER = "\u00a0"
_LEAST_SHARE = 0.1
# Below that many seconds: the unit, how many of it are a second, and its decimals.
_SHORT = (
    (0.00995, "ms", 1000, 1),
    (0.9995, "ms", 1000, 0),
    (9.995, "s", 1, 2),
    (59.95, "s", 1, 1),
)
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def plain(text: str) -> str:
    """A text without invisible characters: control, direction and half characters are named.

    Writing from right to left keeps its direction; what turns the direction of others does not.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one in _JOINERS else f"⟨U+{ord(one):04X}⟩" for one in text
    )


def shortened(text: str, most: int) -> str:
    """A text on one line, of at most so many characters; an ellipsis tells that it was longer."""
    line = " ".join(text[: 20 * most].split())
    if len(line) <= most and len(text) <= 20 * most:
        return line
    return f"{line[: most - 1]}…"


def number(count: int) -> str:
    """A whole number with its thousands apart: ``12,345``."""
    return f"{count:,}"


def plural(count: int, noun: str) -> str:
    """A number of things: ``1 message``, ``12,345 messages``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def quoted(name: str) -> str:
    """A file's name as a word of a shell's command that no parser takes for an option."""
    return shlex.quote(f"./{name}" if name.startswith("-") else name)


def percent(part: int, whole: int) -> str:
    """A share in per cent; only nothing is shown as 0 %, and only all of it as 100 %."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < _LEAST_SHARE:
        return f"<{_LEAST_SHARE}{_TOGETHER}%"
    if 0 < 100 - share < _LEAST_SHARE:
        return f">{100 - _LEAST_SHARE}{_TOGETHER}%"
    return f"{share:.1f}".removesuffix(".0") + f"{_TOGETHER}%"


def seconds(duration: float) -> str:
    """A duration in two units at most: ``0.4 ms``, ``87 ms``, ``1.25 s``, ``2 h 5 min``."""
    for below, unit, scale, digits in _SHORT:
        if duration < below:
            shown = f"{scale * duration:.{digits}f}"
            return f"{shown.rstrip('0').removesuffix('.') if digits else shown}{_TOGETHER}{unit}"
    whole = round(duration)
    first = next(place for place, (size, _) in enumerate(_UNITS) if whole >= size)
    said: list[str] = []
    for size, name in _UNITS[first : first + 2]:
        count, whole = divmod(whole, size)
        if count:
            said.append(f"{count}{_TOGETHER}{name}")
    return " ".join(said)


def tell_quota(quota: Quota) -> str:
    """A quota in words: ``10 per 10 s``."""
    return f"{number(quota.limit)} per {seconds(quota.period)}"


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

    def exact(self, moment: float) -> str:
        """A moment to the millisecond with its offset, as programs read it (ISO 8601)."""
        return self.at(moment).isoformat("T", "milliseconds")

    def written(self, moment: float) -> str:
        """A moment to the second."""
        return f"{self.at(moment):%Y-%m-%d %H:%M:%S}"
