"""Values out of columns, which hold whatever a damaged or hostile file holds."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from ...errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

    from .codec import Cell

__all__ = [
    "LATEST",
    "LONGEST",
    "a_duration",
    "a_line",
    "a_moment",
    "a_number",
    "a_text",
    "damaged",
]

LATEST = 253_402_128_000
"""Unix seconds before which every moment lies: two days before the year 10000, which no calendar
of Python reaches in any zone."""

LONGEST = 10_000_000_000
"""Seconds that nothing takes: some 300 years."""

_DIGITS = re.compile(r"-?[0-9]{1,4000}", re.ASCII)


def damaged(what: str, path: Path | None = None) -> JournalError:
    """The error of what was read.

    Args:
        what: What is wrong, as a clause.
        path: The journal's file, where it is known.
    """
    which = "the journal" if path is None else f"the journal {path}"
    return JournalError(f"{which} is damaged: {what}; restore it from a copy")


def a_number(cell: Cell, what: str) -> int:
    """A whole number; a long one is kept as its digits.

    Args:
        cell: A column's value.
        what: What it should be, for the error.

    Raises:
        JournalError: It is none.
    """
    if isinstance(cell, int):
        return cell
    if isinstance(cell, str) and _DIGITS.fullmatch(cell):
        return int(cell)
    raise damaged(f"{what} in it is no whole number")


def a_text(cell: Cell, what: str) -> str:
    """A text.

    Args:
        cell: A column's value.
        what: What it should be, for the error.

    Raises:
        JournalError: It is none.
    """
    if isinstance(cell, str):
        return cell
    raise damaged(f"{what} in it is no text")


def a_line(cell: Cell, what: str) -> str:
    """A text of one line, without control characters.

    Args:
        cell: A column's value.
        what: What it should be, for the error.

    Raises:
        JournalError: It is none.
    """
    text = a_text(cell, what)
    if text.isprintable():
        return text
    raise damaged(f"{what} in it is no line of text")


def a_moment(cell: Cell, what: str) -> float:
    """Unix seconds between the years 1970 and 9999.

    Args:
        cell: A column's value.
        what: What it should be, for the error.

    Raises:
        JournalError: It is none.
    """
    return _seconds(cell, LATEST, what)


def a_duration(cell: Cell, what: str) -> float | None:
    """Seconds that something took; None where nothing tells.

    Args:
        cell: A column's value.
        what: What it should be, for the error.

    Raises:
        JournalError: It is none.
    """
    return None if cell is None else _seconds(cell, LONGEST, what)


def _seconds(cell: Cell, end: float, what: str) -> float:
    if isinstance(cell, int | float) and math.isfinite(cell) and 0 <= cell < end:
        return float(cell)
    raise damaged(f"{what} in it is no time")
