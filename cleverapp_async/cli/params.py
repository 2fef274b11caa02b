"""The values of options as people write them, read by click: each type says what is wrong."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import frozen

from ..bulk._wall_clock import as_zone
from ..errors import ConfigurationError
from ..limits.quota import ACCOUNT_QUOTAS, Quota
from ..models.route import Messenger
from .errors import BadInputError
from .recipients.addresses import check_region, meant_messenger
from .recipients.columns import known_column
from .recipients.encoding import EncodingError, check_encoding, find_encoding, text_lines
from .recipients.template import Template
from .text import did_you_mean, read_duration, shortened, write_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    _ParamType = click.ParamType[object]
else:
    # Earlier releases of click cannot be told what a type gives.
    _ParamType = click.ParamType

__all__ = [
    "ACCOUNT_LIMIT",
    "ADDITIONS",
    "COLUMN",
    "DATE_FROM",
    "DATE_TO",
    "DIRECT",
    "DURATION",
    "ENCODING",
    "HOUR",
    "LATENCY",
    "LIMIT",
    "MESSENGER",
    "MOMENT",
    "OTHERS",
    "REGION",
    "SCALE",
    "SEED",
    "TEMPLATE",
    "TEMPLATE_FILE",
    "TIME_ZONE",
    "LimitOverride",
    "Parsed",
    "read_account_limit",
    "read_column",
    "read_from",
    "read_hour",
    "read_latency",
    "read_limit",
    "read_messenger",
    "read_moment",
    "read_number",
    "read_scale",
    "read_template",
    "read_template_file",
    "read_to",
    "read_zone",
    "whole",
    "write_quotas",
]

OTHERS = "others"
"""What ``--limit`` calls the messengers that have no limit of their own."""
DIRECT = "sendMessageToWhatsApp"
"""What ``--limit`` calls WhatsApp messages to a phone number."""

_UNLISTED = "other:"
"""What stands before a messenger in ``--limit`` that this version does not know."""
_COUNT = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_NONE, _DOCUMENTED = "none", "documented"
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"-?\d+", re.ASCII)
_DIGITS = 18
_LARGEST = 10**_DIGITS - 1
_SLOWEST, _QUICKEST = 0.001, 1_000_000.0
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_HOUR = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1971, 2999
_ADDITIONS = ("tags", "variables")


@frozen
class LimitOverride:
    """A limit of the user's own, in place of a documented one.

    Attributes:
        name: A messenger, :data:`OTHERS` or :data:`DIRECT`.
        quotas: What holds for it; nothing: no limit; None: the documented one.
    """

    name: str
    quotas: tuple[Quota, ...] | None

    def written(self) -> str:
        """As :func:`read_limit` reads it."""
        unlisted = "" if self.name in _limit_names() else _UNLISTED
        told = _DOCUMENTED if self.quotas is None else write_quotas(self.quotas)
        return f"{unlisted}{self.name}={told}"


def _limit_names() -> tuple[str, ...]:
    return (*Messenger, OTHERS, DIRECT)


def read_limit(text: str) -> LimitOverride:
    """Read ``whatsapp=1/10s``, or ``other:NAME=1/10s`` for a messenger that is not known here.

    Raises:
        ValueError: It is not of that form, or names no messenger; the message says so.
    """
    name, equals, written = (part.strip() for part in text.partition("="))
    if not equals or not name:
        raise ValueError(
            f"{shortened(text)!r} names no messenger: write whatsapp=1/10s, with a messenger, "
            f"{OTHERS} or {DIRECT} before the sign"
        )
    quotas = None if written.lower() == _DOCUMENTED else _read_quotas(written)
    if name.lower().startswith(_UNLISTED):
        name = name[len(_UNLISTED) :].strip().lower()
        if not name:
            raise ValueError(f"{_UNLISTED!r} needs the name of the messenger behind it")
        return LimitOverride(name, quotas)
    known = {one.lower(): one for one in _limit_names()}
    if name.lower() not in known:
        near = did_you_mean(name.lower(), known)
        raise ValueError(
            f"{shortened(name)!r} is no messenger that is known.{near} There are "
            f"{', '.join(_limit_names())}; for one that is newer than this version write "
            f"{_UNLISTED}NAME=N/T"
        )
    return LimitOverride(known[name.lower()], quotas)


def read_account_limit(text: str) -> tuple[Quota, ...]:
    """Read ``2/1s,120/60s`` or ``none``.

    A quota that is a documented one of the account keeps the documented ``settle_within``.

    Raises:
        ValueError: It is not of that form; the message names the part that is wrong.
    """
    documented = {(one.limit, one.period): one for one in ACCOUNT_QUOTAS}
    return tuple(documented.get((one.limit, one.period), one) for one in _read_quotas(text))


def _read_quotas(text: str) -> tuple[Quota, ...]:
    parts = [part.strip() for part in text.split(",")]
    if [part.lower() for part in parts] == [_NONE]:
        return ()
    return tuple(_read_quota(part) for part in parts)


def _read_quota(text: str) -> Quota:
    count, slash, period = (part.strip() for part in text.partition("/"))
    if text.lower() == _NONE:
        raise ValueError(f"{_NONE!r} means that there is no limit, and cannot be combined with one")
    if not slash or not _COUNT.fullmatch(count):
        raise ValueError(
            f"{shortened(text)!r} is no limit: write 10/10s for 10 requests in 10 seconds, several "
            f"with commas between them, or {_NONE}"
        )
    try:
        seconds = read_duration(period)
    except ValueError as error:
        raise ValueError(f"{shortened(text)!r} is no limit: {error}") from None
    return Quota(int(count), seconds)


def write_quotas(quotas: Iterable[Quota]) -> str:
    """Quotas exactly as :func:`read_account_limit` reads them."""
    return ",".join(f"{quota.limit}/{write_duration(quota.period)}" for quota in quotas) or _NONE


def read_from(text: str) -> int:
    """The first second of an ISO date, or the moment of a date with its time, in Unix seconds.

    Without an offset it is in this machine's time zone.

    Raises:
        ValueError: It is neither; the message says so.
    """
    return _seconds(text, timedelta())


def read_to(text: str) -> int:
    """The last second of an ISO date, or the moment of a date with its time, in Unix seconds.

    Without an offset it is in this machine's time zone.

    Raises:
        ValueError: It is neither; the message says so.
    """
    return _seconds(text, timedelta(days=1, seconds=-1))


def read_hour(text: str) -> time | None:
    """The hour of the day of ``09:00``; None for ``none``, in place of what a campaign keeps.

    Raises:
        ValueError: It is neither; the message says so.
    """
    if text.strip().lower() == _NONE:
        return None
    match = _HOUR.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"{shortened(text)!r} is no hour of the day such as 09:00 or 21:30, nor {_NONE}"
        )
    return time(int(match[1]), int(match[2]), int(match[3] or 0))


def read_moment(text: str) -> datetime | None:
    """The moment of an ISO date with its time, without an offset where none is written, or None.

    Raises:
        ValueError: It is neither, or of a year that schedules do not know; the message says so.
    """
    if text.strip().lower() == _NONE:
        return None
    try:
        year = datetime.fromisoformat(text.strip()).year
        fits = text.isascii() and _FIRST_YEAR <= year <= _LAST_YEAR
    except ValueError:
        fits = False
    if not fits:
        such = "such as 2026-12-01T10:00 or 2026-12-01T10:00+03:00"
        raise ValueError(f"{shortened(text)!r} is no ISO date with a time, {such}")
    return datetime.fromisoformat(text.strip())


def read_zone(text: str) -> str:
    """The name of a time zone that this machine knows.

    Raises:
        ValueError: It knows none of that name; the message names those that are near.
    """
    name = text.strip()
    try:
        as_zone(name)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return name


def read_number(text: str) -> float | None:
    """A number of plain digits, with or without a point and an exponent; None: it is not one."""
    return float(text) if _NUMBER.fullmatch(text.strip()) else None


def read_scale(text: str) -> float:
    """How many times as fast time runs.

    Raises:
        ValueError: It is no number, or one that no clock could follow; the message says so.
    """
    scale = read_number(text)
    if scale is None or not _SLOWEST <= scale <= _QUICKEST:
        bounds = f"from {_SLOWEST:g} to {int(_QUICKEST)}"
        raise ValueError(f"{shortened(text)!r} is no number {bounds}, such as 20")
    return scale


def whole(least: int | None, most: int = _LARGEST) -> Parsed:
    """The type of whole numbers in a range.

    Args:
        least: The least that there may be; None: as far below zero as above it.
        most: The most that there may be.
    """
    lowest = -most if least is None else least

    def read(text: str) -> int:
        match = _WHOLE.fullmatch(text.strip())
        # Python itself reads no number of more than some thousand digits.
        if match is None or len(match[0]) > _DIGITS + 1 or not lowest <= int(match[0]) <= most:
            bounds = f"from {lowest} up" if most == _LARGEST else f"from {lowest} to {most}"
            told = "" if least is None else f" {bounds}"
            raise ValueError(f"{shortened(text)!r} is no whole number{told}")
        return int(match[0])

    return Parsed("number", read)


def read_latency(text: str) -> str:
    """A latency such as ``50ms``, ``20ms-80ms``, ``lognormal:50ms:1.0`` or ``none``, as written.

    Raises:
        ValueError: It is none of these; the message says why.
    """
    from ..simulator import Latency

    if not text.isascii():
        raise ValueError(f"{shortened(text)!r} is not a latency such as 50ms")
    Latency.parse(text)
    return text.strip()


def read_column(text: str) -> tuple[str, str]:
    """Read ``phone=Телефон``: what a column shall be called, and its name in the file.

    Raises:
        ValueError: It is not of that form; the message says so.
    """
    name, _, written = (part.strip().strip("\"'") for part in text.partition("="))
    if not name or not written:
        raise ValueError(f"{text!r} names no column: write phone=NAME, with its name in the file")
    return known_column(name) or name, written


def read_template(text: str) -> Template:
    """Read a template that says something.

    Raises:
        ValueError: It is empty or cannot be read; the message says so.
    """
    found = Template.parse(text)
    if not found.columns and not text.strip():
        raise ValueError("it is empty: there is nothing to send. Write a text, or leave it out")
    return found


def read_template_file(path: str) -> Template:
    """Read a template from a file; the end of its last line does not count.

    Raises:
        ValueError: It is no template, or the file cannot be read; the message says so.
    """
    try:
        with Path(path).open("rb") as file:
            lines = list(text_lines(path, file, find_encoding(path, file)))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except EncodingError as error:
        # --encoding is for the list.
        raise ValueError(f"{error.what} Save it as UTF-8") from None
    except BadInputError as error:
        raise ValueError(str(error)) from None
    return read_template(
        "".join(lines).replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    )


def read_messenger(text: str) -> str:
    """The messenger of a name, in the API's spelling; one that is not known stays as it is.

    Raises:
        ValueError: It is another word for a known one; the message says for which.
    """
    name, meant = meant_messenger(text)
    if meant is not None:
        raise ValueError(f"no messenger is called {text!r}; did you mean {meant}?")
    return name or text


class Parsed(_ParamType):
    """A type whose values a function reads.

    Args:
        name: What the help calls such a value, where the option has no word of its own.
        read: Reads a value; its ``ValueError`` says what is wrong.
    """

    def __init__(self, name: str, read: Callable[[str], object]) -> None:
        self.name = name
        self.read = read

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """The value of an option; a default that is no text is the value already."""
        if not isinstance(value, str):
            return value
        try:
            return self.read(value)
        except ValueError as error:
            told = str(error)
            self.fail(told if told.endswith("?") else f"{told}.", param, ctx)


def _seconds(text: str, into_the_day: timedelta) -> int:
    try:
        moment = datetime.fromisoformat(text.strip())
        if _DAY.fullmatch(text.strip()):
            moment += into_the_day
        seconds = int(moment.timestamp())
    except (ValueError, OverflowError, OSError):
        seconds = -1
    if seconds < 0 or not text.isascii():
        raise ValueError(
            f"{shortened(text)!r} is no ISO date since 1970, such as 2024-01-31 or "
            "2024-01-31T12:00:00+03:00"
        )
    return seconds


def _read_additions(text: str) -> tuple[str, ...]:
    given = [name.strip() for name in text.split(",") if name.strip()]
    for name in given:
        if name not in _ADDITIONS:
            raise ValueError(f"there is no {shortened(name)!r}; there are {', '.join(_ADDITIONS)}")
    return tuple(dict.fromkeys(given))


DURATION = Parsed("duration", read_duration)
"""Seconds, from a millisecond to a year."""
LIMIT = Parsed("limit", read_limit)
"""A :class:`LimitOverride` such as ``whatsapp=1/10s``."""
ACCOUNT_LIMIT = Parsed("limit", read_account_limit)
"""Quotas such as ``2/1s,120/60s``, or ``none``."""
DATE_FROM = Parsed("date", read_from)
"""Unix seconds of a day's beginning."""
DATE_TO = Parsed("date", read_to)
"""Unix seconds of a day's end."""
HOUR = Parsed("hh:mm", read_hour)
"""An hour of the day such as ``09:00``; ``none``: no such hour."""
MOMENT = Parsed("when", read_moment)
"""A date with its time, with or without an offset; ``none``: no such moment."""
TIME_ZONE = Parsed("zone", read_zone)
"""The name of a time zone."""
SCALE = Parsed("number", read_scale)
"""How many times as fast time runs."""
SEED = whole(None)
"""What random numbers are drawn from."""
LATENCY = Parsed("delay", read_latency)
"""A latency of the simulator, as it was written."""
ADDITIONS = Parsed(",".join(_ADDITIONS), _read_additions)
"""What is added to each contact, such as ``tags,variables``."""
TEMPLATE = Parsed("text", read_template)
"""A text with ``{column}`` fields."""
TEMPLATE_FILE = Parsed("file", read_template_file)
"""A file that holds such a text."""
COLUMN = Parsed("name=column", read_column)
"""What a column is to be called, and its name in the file."""
ENCODING = Parsed("encoding", check_encoding)
"""An encoding of texts, as Python calls it."""
REGION = Parsed("country", check_region)
"""A country of two capital letters."""
MESSENGER = Parsed("name", read_messenger)
"""A messenger's name."""
