"""Values, keys, errors and holders as a journal keeps them, checked when they are read back.

A file may be damaged or hostile: what is read may be anything.
"""

from __future__ import annotations

import json
import math
import os
import re
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias, cast

from ...errors import JournalError
from ...limits.quota import LimitKey
from .records import ErrorRecord, LockHolder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "LATEST",
    "LONGEST",
    "UNREADABLE",
    "Cell",
    "damaged",
    "decode_error",
    "decode_holder",
    "decode_key",
    "encode_error",
    "encode_holder",
    "encode_key",
    "expect_duration",
    "expect_line",
    "expect_moment",
    "expect_number",
    "expect_text",
    "whole",
]

LATEST = 253_402_128_000
"""Unix seconds before which every moment lies: two days before the year 10000, which no calendar
of Python reaches in any zone."""

LONGEST = 10_000_000_000
"""Seconds that nothing takes: some 300 years."""

_DIGITS = re.compile(r"-?[0-9]{1,4000}", re.ASCII)


def damaged(what: str, path: Path | None = None) -> JournalError:
    """The error of a journal that holds something that no journal wrote.

    Args:
        what: What is wrong, as a clause.
        path: The journal's file, where it is known.
    """
    which = "the journal" if path is None else f"the journal {path}"
    return JournalError(f"{which} is damaged: {what}; restore it from a copy")


def expect_number(cell: Cell, what: str) -> int:
    """A whole number; a long one is kept as its digits.

    Args:
        cell: A column's value.
        what: What it should be, for the error.

    Raises:
        JournalError: It is not one.
    """
    if isinstance(cell, int):
        return cell
    if isinstance(cell, str) and _DIGITS.fullmatch(cell):
        return int(cell)
    raise damaged(f"{what} in it is no whole number")


def expect_text(cell: Cell, what: str) -> str:
    """A text.

    Args:
        cell: A column's value.
        what: What it should be, for the error.

    Raises:
        JournalError: It is not one.
    """
    if isinstance(cell, str):
        return cell
    raise damaged(f"{what} in it is no text")


def expect_line(cell: Cell, what: str) -> str:
    """A text of one line, without control characters.

    Args:
        cell: A column's value.
        what: What it should be, for the error.

    Raises:
        JournalError: It is not one.
    """
    text = expect_text(cell, what)
    if text.isprintable():
        return text
    raise damaged(f"{what} in it is no line of text")


def expect_moment(cell: Cell, what: str) -> float:
    """Unix seconds between the years 1970 and 9999.

    Args:
        cell: A column's value.
        what: What it should be, for the error.

    Raises:
        JournalError: It is not one.
    """
    return _seconds(cell, LATEST, what)


def expect_duration(cell: Cell, what: str) -> float | None:
    """Seconds that something took; None where nothing tells.

    Args:
        cell: A column's value.
        what: What it should be, for the error.

    Raises:
        JournalError: It is not one.
    """
    return None if cell is None else _seconds(cell, LONGEST, what)


def _seconds(cell: Cell, end: float, what: str) -> float:
    # A file that somebody made may hold NaN or a moment beyond every calendar, which would only
    # fail later, in the middle of a report.
    if isinstance(cell, int | float) and math.isfinite(cell) and 0 <= cell < end:
        return float(cell)
    raise damaged(f"{what} in it is no time")


Cell: TypeAlias = str | int | float | bytes | None
"""A value of a column."""

_LARGEST = 2**63 - 1
UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading JSON and making something of it raises, whatever it says: nested too deep, a number
of too many digits, a list where an object should be."""
# For texts of a server, which may hold half a character: those no column of UTF-8 takes.
_escape = json.JSONEncoder(separators=(",", ":")).encode


def whole(number: int | None) -> int | str | None:
    """A whole number for a column, which holds 64 bits: a longer one goes as its digits."""
    # An id of the user's own may be of any length; SQLite would round a number beyond 64 bits to a
    # float.
    if number is None or -_LARGEST <= number <= _LARGEST:
        return number
    return str(number)


def encode_key(key: LimitKey | None) -> tuple[Cell, Cell, Cell]:
    """The columns of a limit key; all None where the route is not known."""
    return (None, None, None) if key is None else (whole(key.bot_id), key.messenger, key.scope)


def decode_key(bot_id: Cell, messenger: Cell, scope: Cell) -> LimitKey | None:
    """The limit key that three columns hold.

    Raises:
        JournalError: They hold none.
    """
    if messenger is None:
        return None
    return LimitKey(
        None if bot_id is None else expect_number(bot_id, "a bot"),
        expect_text(messenger, "a messenger"),
        expect_text(scope, "a method"),
    )


def encode_error(error: ErrorRecord) -> str:
    """An error as JSON in ASCII."""
    return _escape([error.type, error.status, error.message, error.fields])


def decode_error(told: Cell) -> ErrorRecord:
    """The error that :func:`encode_error` wrote.

    Raises:
        JournalError: It is not one.
    """
    try:
        # Read as it comes and looked at afterwards: whatever is wrong fails in one of these lines,
        # or is found by `_is_sound`.
        kind, status, message, fields = json.loads(expect_text(told, "an error"))
        error = ErrorRecord(
            type=kind,
            message=message,
            status=status,
            fields=tuple(
                (name, rule, tuple(related), text) for name, rule, related, text in fields
            ),
        )
        sound = _is_sound(error)
    except UNREADABLE:
        sound = False
    else:
        if sound:
            return error
    raise damaged("an error in it is none")


def _is_sound(error: ErrorRecord) -> bool:
    """Whether everything in an error has the type that it should have."""
    texts: list[object] = [error.type, error.message]
    for name, rule, related, text in error.fields:
        texts += [name, text, *related, *([] if rule is None else [rule])]
    if not all(isinstance(text, str) for text in texts):
        return False
    status = cast("object", error.status)
    return status is None or (isinstance(status, int) and abs(status) <= _LARGEST)


def encode_holder(**more: str) -> str:
    """This process as who holds a journal from now on, as JSON.

    Args:
        **more: What is written down beside that, and not read back by :func:`decode_holder`.
    """
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.time()}
    return json.dumps(holder | more)


def decode_holder(told: str | bytes | None) -> LockHolder:
    """Whom :func:`encode_holder` wrote down; a holder without a name where it cannot be read."""
    found: object = None
    with suppress(ValueError, RecursionError):
        found = json.loads(told or "null")
    said = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    pid, host, since = said.get("pid"), said.get("host"), said.get("since")
    return LockHolder(
        pid if isinstance(pid, int) else None,
        host if isinstance(host, str) and host.isprintable() else None,
        since if isinstance(since, int | float) and 0 <= since < LATEST else None,
    )
