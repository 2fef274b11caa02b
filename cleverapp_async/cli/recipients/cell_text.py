"""Values of typed cells as the text that CSV would hold for them."""

from __future__ import annotations

import math
import struct
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from attrs import frozen

__all__ = ["DOUBLE", "SHEET", "SINGLE", "Digits", "Misfit", "cell_text"]


@frozen
class Digits:
    """How far the numbers of a kind are to be trusted.

    Attributes:
        whole: Whole numbers from here on, in either direction, may have lost digits.
        significant: How many digits tell two numbers apart, at most.
        lost: What to say of a number that may have lost digits.
    """

    whole: int
    significant: int
    lost: str


_LOST_BY_FLOAT = "is a float too large to have kept its last digits: store it as int64 or as text"

SHEET = Digits(
    10**15,
    15,
    "is a number of more than 15 digits, of which a spreadsheet keeps 15: format the column as "
    "text and enter it anew",
)
"""Excel writes zeros for what follows the 15th digit, and shows 0.1 + 0.2 as 0.3."""
DOUBLE = Digits(1 << 53, 17, _LOST_BY_FLOAT)
"""A float of 64 bits."""
SINGLE = Digits(1 << 24, 9, _LOST_BY_FLOAT)
"""A float of 32 bits: no phone number fits in."""


@frozen
class Misfit:
    """Why a value cannot stand in a message.

    Attributes:
        text: What follows the name of its column.
    """

    text: str


def cell_text(value: object, digits: Digits = DOUBLE) -> str | Misfit:
    """A value as text: whole numbers without a point, times in ISO 8601.

    Args:
        value: What the cell holds; a misfit stays one.
        digits: What its numbers are worth.

    Returns:
        The text, empty where the cell holds nothing.
    """
    if isinstance(value, (str, Misfit)):
        return value
    if isinstance(value, (int, float, Decimal)):
        return _number_text(value, digits)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _duration_text(value)
    return "" if value is None else Misfit("is neither text nor a number")


def _number_text(value: float | Decimal, digits: Digits) -> str | Misfit:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _decimal_text(value)
    # A type checker takes every int for a float.
    return str(value) if isinstance(value, int) else _float_text(value, digits)


def _float_text(value: float, digits: Digits) -> str | Misfit:
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return Misfit("is an infinite number")
    if abs(value) >= digits.whole:
        return Misfit(digits.lost)
    if value.is_integer():
        return str(int(value))
    return format(Decimal(_shortest(value, digits)), "f")


def _shortest(value: float, digits: Digits) -> str:
    """The fewest digits that make this number: what it was written as."""
    if digits is DOUBLE:
        return repr(value)
    most = f"{value:.{digits.significant}g}"
    if digits is not SINGLE:
        return most
    exact = struct.pack("f", value)
    tried = (f"{value:.{count}g}" for count in range(1, digits.significant))
    return next((text for text in tried if struct.pack("f", float(text)) == exact), most)


def _decimal_text(value: Decimal) -> str:
    whole = value.to_integral_value()
    return format(whole if value == whole else value, "f")


def _duration_text(value: timedelta) -> str:
    """Hours, minutes and seconds as a spreadsheet shows them: ``36:00:00``."""
    sign = "-" if value < timedelta() else ""
    seconds, microseconds = divmod(abs(value) // timedelta(microseconds=1), 1_000_000)
    fraction = f".{microseconds:06}".rstrip("0") if microseconds else ""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{sign}{hours}:{minute:02}:{second:02}{fraction}"
