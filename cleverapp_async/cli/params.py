"""The values of options as people write them, read by click: each type says what is wrong."""

from __future__ import annotations

import math
import re
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import frozen

from ..limits.quota import Quota
from .errors import BadInputError
from .recipients.columns import known_column
from .recipients.encoding import check_encoding, find_encoding, text_lines
from .recipients.messengers import meant_messenger
from .recipients.numbers import check_region
from .recipients.template import Template
from .text import read_duration, write_duration

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
    "LIMIT",
    "MESSENGER",
    "MOMENT",
    "OTHERS",
    "REGION",
    "SCALE",
    "TEMPLATE",
    "TEMPLATE_FILE",
    "LimitOverride",
    "Parsed",
    "read_account_limit",
    "read_column",
    "read_from",
    "read_hour",
    "read_limit",
    "read_messenger",
    "read_moment",
    "read_template",
    "read_template_file",
    "read_to",
    "write_quotas",
]

OTHERS = "others"
"""What ``--limit`` calls the messengers that have no limit of their own."""
DIRECT = "sendMessageToWhatsApp"
"""What ``--limit`` calls WhatsApp messages to a phone number."""

_QUOTA = re.compile(r"([1-9][0-9]{0,8})/([^/]+)", re.ASCII)
_NONE = "none"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_HOUR = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_ADDITIONS = ("tags", "variables")


@frozen
class LimitOverride:
    """A limit of the user's own, in place of a documented one.

    Attributes:
        name: A messenger, :data:`OTHERS` or :data:`DIRECT`.
        quotas: What holds for it; nothing: no limit.
    """

    name: str
    quotas: tuple[Quota, ...]

    def written(self) -> str:
        """As :func:`read_limit` reads it."""
        return f"{self.name}={write_quotas(self.quotas)}"


def read_limit(text: str) -> LimitOverride:
    """Read ``whatsapp=1/10s``.

    Raises:
        ValueError: It is not of that form; the message says so.
    """
    name, equals, written = (part.strip() for part in text.partition("="))
    if not equals or not name:
        raise ValueError(
            f"{text!r} names no messenger: write whatsapp=1/10s, with a messenger, {OTHERS} or "
            f"{DIRECT} before the sign"
        )
    special = next((known for known in (OTHERS, DIRECT) if known.lower() == name.lower()), None)
    return LimitOverride(special or name.lower(), read_account_limit(written))


def read_account_limit(text: str) -> tuple[Quota, ...]:
    """Read ``2/1s,120/60s`` or ``none``.

    Raises:
        ValueError: It is not of that form; the message says so.
    """
    if text.strip().lower() == _NONE:
        return ()
    matches = [_QUOTA.fullmatch(part.strip()) for part in text.split(",")]
    quotas = tuple(Quota(int(one[1]), read_duration(one[2])) for one in matches if one is not None)
    if len(quotas) < len(matches):
        raise ValueError(f"{text!r} is no limit: write 10/10s, 2/1s,120/60s or {_NONE}")
    return quotas


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
        self._read = read

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """The value of an option; a default that is no text is the value already."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


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


def _read_scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"{text} is no number above 0")
    return scale


def _read_additions(text: str) -> tuple[str, ...]:
    given = [name.strip() for name in text.split(",") if name.strip()]
    for name in given:
        if name not in _ADDITIONS:
            raise ValueError(f"there is no {name!r}; there are {', '.join(_ADDITIONS)}")
    return tuple(dict.fromkeys(given))


DURATION = Parsed("duration", read_duration)
"""Seconds above 0."""
LIMIT = Parsed("limit", read_limit)
"""A :class:`LimitOverride` such as ``whatsapp=1/10s``."""
ACCOUNT_LIMIT = Parsed("limit", read_account_limit)
"""Quotas such as ``2/1s,120/60s``, or ``none``."""
DATE_FROM = Parsed("date", read_from)
"""Unix seconds of a day's beginning."""
DATE_TO = Parsed("date", read_to)
"""Unix seconds of a day's end."""
HOUR = Parsed("hh:mm", read_hour)
"""An hour of the day such as ``09:00``."""
MOMENT = Parsed("when", read_moment)
"""A date with its time, with or without an offset."""
SCALE = Parsed("float", _read_scale)
"""How many times as fast time runs."""
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
