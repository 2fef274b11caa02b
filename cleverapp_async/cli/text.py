"""Durations, moments and forecasts as people write and read them, and misspelt words."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from ..bulk.eta import Forecast

__all__ = [
    "LONGEST",
    "SHORTEST",
    "as_iso",
    "close_to",
    "counted",
    "did_you_mean",
    "fold",
    "read_duration",
    "say_age",
    "say_duration",
    "say_moment",
    "shortened",
    "tell_forecast",
    "write_duration",
]

SHORTEST, LONGEST = 0.001, 366 * 86_400.0
"""The seconds that a duration on the command line may have: a millisecond to a year."""

_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)?", re.ASCII)
_SHOWN = 40
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def read_duration(text: str) -> float:
    """The seconds of ``10s``, ``500ms``, ``1m``, ``2h`` or a plain number of seconds.

    Raises:
        ValueError: It is none of these, or shorter than :data:`SHORTEST` or longer than
            :data:`LONGEST`; the message says so.
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{shortened(text)!r} is not a duration such as 10s, 500ms or 1m")
    seconds = float(match[1]) * _SECONDS[match[2] or "s"]
    if not SHORTEST <= seconds <= LONGEST:
        raise ValueError(
            f"{shortened(text)!r} is not a duration from 1ms to {LONGEST / 3600:g}h, such as 10s"
        )
    return seconds


def shortened(text: str) -> str:
    """The beginning of a text that may be long, enough to find it by."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def counted(count: int, name: str) -> str:
    """So many things: ``1 message``, ``2 messages``.

    Args:
        count: How many there are.
        name: What one of them is called.
    """
    return f"{count} {name}{'' if count == 1 else 's'}"


def write_duration(seconds: float) -> str:
    """A duration exactly as :func:`read_duration` reads it: ``10s``."""
    # By way of Decimal: `repr` writes small and large floats with an exponent, which is no duration
    # here.
    whole, _, part = f"{Decimal(repr(float(seconds))):f}".partition(".")
    part = part.rstrip("0")
    return f"{whole}.{part}s" if part else f"{whole}s"


def say_duration(seconds: float) -> str:
    """A duration in at most two units: ``1 hour 12 minutes``, ``9.5 seconds``."""
    if seconds < _UNITS[2][0]:
        shown = f"{seconds:.1f}".removesuffix(".0")
        if shown != "60":
            return f"{shown} second{'' if shown == '1' else 's'}"
    # Half a second below a unit rounds up to it: 3599.7 seconds are told as 1 hour.
    first = next(place for place, (size, _) in enumerate(_UNITS) if seconds >= size - 0.5)
    smaller = _UNITS[first + 1][0]
    whole = round(seconds / smaller) * smaller
    # Rounding may reach the next unit: 23 hours 59.6 minutes are 1 day.
    if first and whole >= _UNITS[first - 1][0]:
        first -= 1
    said: list[str] = []
    for size, name in _UNITS[first : first + 2]:
        count, whole = divmod(whole, size)
        if count:
            said.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(said)


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


def tell_forecast(found: Forecast) -> str:
    """The lower bound of a forecast, as it stands after a colon."""
    if found.seconds == 0:
        return "the limits cause no delay"
    return f"at least {say_duration(found.seconds)}, bound by {found.bound_by.name}"


# Letters of Cyrillic that look like Latin ones, as a wrong keyboard layout puts them into a word.
_LOOKALIKES = str.maketrans("авекмнорстух", "abekmhopctyx")
_SIMILAR = 0.8
_SHORT = 4
_MOST_TOLD = 3


def fold(name: str) -> str:
    """What is left of a name when case, blanks, ``_``, ``-`` and other signs do not count."""
    plain = unicodedata.normalize("NFKC", name).casefold().replace("ё", "е")
    letters = "".join(character for character in plain if character.isalnum())
    # Only where Latin letters stand beside them: a word that is Cyrillic throughout is meant so.
    if any("a" <= letter <= "z" for letter in letters):
        letters = letters.translate(_LOOKALIKES)
    return letters


def close_to(word: str, known: Iterable[str]) -> str | None:
    """The known word that another is a slip of the pen away from; None where there is none.

    Args:
        word: What somebody wrote.
        known: What could be meant.
    """
    return next(iter(_all_close(word, known)), None)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question about a word that is not known, with a space before it; empty where none is near.

    Args:
        word: The word.
        known: The words that are known.
    """
    near = _all_close(word, known)[:_MOST_TOLD]
    return f" Did you mean {' or '.join(near)}?" if near else ""


def _all_close(word: str, known: Iterable[str]) -> list[str]:
    """The known words near another, the nearest first; the only one where case alone differs."""
    written = fold(word)
    by_fold = {fold(one): one for one in known}
    if written in by_fold:
        return [by_fold[written]]
    if len(written) < _SHORT:
        return []
    # The ratio of difflib is strict with short words, where one letter is a fourth of it: one slip
    # is looked for besides.
    found = get_close_matches(written, by_fold, _MOST_TOLD, _SIMILAR)
    found += [
        one
        for one in by_fold
        if len(one) >= _SHORT and one not in found and _one_slip(written, one)
    ]
    return [by_fold[one] for one in found]


def _one_slip(word: str, other: str) -> bool:
    """Whether one letter is missing, too many or another one, or two have changed places."""
    if abs(len(word) - len(other)) > 1:
        return False
    changes = [
        (word[i:j], other[k:m])
        for tag, i, j, k, m in SequenceMatcher(None, word, other, autojunk=False).get_opcodes()
        if tag != "equal"
    ]
    if len(changes) == 1:
        return max(map(len, changes[0])) == 1
    # Two neighbours that changed places are, for the matcher, a letter taken off and put back.
    moved = [there or here for there, here in changes]
    return len(word) == len(other) and len(moved) == 2 and moved[0] == moved[1]  # noqa: PLR2004 - the two neighbours
