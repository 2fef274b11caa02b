"""Plain values of JSON: what kind they are, and how they are read.

They are read exactly, but forgiving about how they are written.

The server is written in PHP, whose one array is a list and an object: an empty object comes as
``[]``, an object whose keys are 0, 1, 2 … as a list, and a list with gaps as an object of numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeGuard, cast

__all__ = [
    "holds_nothing",
    "is_list",
    "kind_of",
    "read_decimal",
    "read_items",
    "read_map",
    "read_moment",
    "read_object",
    "read_text",
    "read_truth",
    "read_whole",
]

# All raise ValueError, as cattrs' own hooks do, so that one kind of failure is told by its path.

_WHOLE = re.compile(r"\s*([+-]?\d+)(?:\.0+)?\s*", re.ASCII)
# A float holds every whole number below this one.
_EXACT = 2**53
_INDEX = re.compile(r"-?(?:0|[1-9]\d{0,18})", re.ASCII)
_TRUTHS = {"0": False, "1": True, "false": False, "true": True}
_UNIX = re.compile(r"\d{9,14}", re.ASCII)
# Unix seconds from 1973 on are above the first, those of the year 5138 and milliseconds since 1973
# above the second.
_SECONDS, _MILLISECONDS, _TOO_LATE = 10**8, 10**11, 10**14
_NO_DATES = ("0000-00-00", "-0001-11-30")
_UTC = frozenset({"UTC", "GMT", "Z"})


def kind_of(value: object) -> str:
    """What a value is, in words that do not show it: it may be a recipient or a text.

    Nothing of the value is shown, and no method of its own is called, so that errors can be
    logged whatever somebody has passed.

    Args:
        value: Any object.
    """
    if value is None or value is True or value is False:
        return str(value)
    kind = type(value)
    if isinstance(value, str) and kind is str:
        characters = "1 character" if len(value) == 1 else f"{len(value)} characters"
        return f"a text of {characters}" if value else "an empty text"
    if isinstance(value, int) and kind is int:
        return "a whole number" if value > 0 else "a whole number below 0" if value else "0"
    return f"a value of type {kind.__name__}"


def holds_nothing(value: object) -> bool:
    """Whether it stands for nothing where no text is meant: null, ``""``, a date of zeros."""
    return value is None or (isinstance(value, str) and (not value or value.startswith(_NO_DATES)))


def read_moment(value: object, _: object) -> datetime:
    """ISO 8601, Unix seconds or milliseconds, or PHP's date object; UTC where no offset is said."""
    # A dash there tells an ISO date, and is quickly seen.
    if isinstance(value, str) and (value[4:5] == "-" or not _UNIX.fullmatch(value)):
        moment = datetime.fromisoformat(value.strip())
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if isinstance(value, Mapping):
        return _php_moment(cast("Mapping[str, object]", value))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"a date was expected, not {kind_of(value)}")  # noqa: TRY004
    seconds = float(value)
    if not _SECONDS <= seconds < _TOO_LATE:
        raise ValueError(f"a date was expected, not {kind_of(value)}")
    return datetime.fromtimestamp(seconds if seconds < _MILLISECONDS else seconds / 1000, UTC)


def _php_moment(value: Mapping[str, object]) -> datetime:
    """What ``json_encode`` makes of a DateTime: a date without its offset, and a time zone."""
    written, zone = value.get("date"), value.get("timezone")
    if not isinstance(written, str) or not isinstance(zone, str):
        raise ValueError(f"a date was expected, not {kind_of(value)}")  # noqa: TRY004
    if zone.startswith(("+", "-")):
        return datetime.fromisoformat(written + zone)
    moment = datetime.fromisoformat(written)
    if zone in _UTC:
        return moment.replace(tzinfo=UTC)
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - hardly ever needed, and slow to import

    try:
        return moment.replace(tzinfo=ZoneInfo(zone))
    except (KeyError, OSError):  # it has no error of its own for a folder's name
        raise ValueError(f"a time zone was expected, not {zone!r}") from None


def read_whole(value: object, _: object) -> int:
    """A whole number: as one, as its digits, or as a float that has lost none of them."""
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    found = _WHOLE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"a whole number was expected, not {kind_of(value)}")
    return int(found[1])


def read_text(value: object, _: object) -> str:
    """A text; a number is taken as its digits, a truth value as JSON writes it."""
    if type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    if not isinstance(value, int | float):
        raise ValueError(f"a text was expected, not {kind_of(value)}")  # noqa: TRY004
    return str(value)


def read_truth(value: object, _: object) -> bool:
    """A truth value; 0 and 1 are taken for one, and so are its words."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in {0, 1}:
        return bool(value)
    truth = _TRUTHS.get(value.lower()) if isinstance(value, str) else None
    if truth is None:
        raise ValueError(f"true or false was expected, not {kind_of(value)}")
    return truth


def read_decimal(value: object, _: object) -> Decimal:
    """A decimal number, from its text or, as exactly as JSON kept it, from a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"a decimal number was expected, not {kind_of(value)}")  # noqa: TRY004
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(f"a decimal number was expected, not {kind_of(value)}")
    return number


def read_object(value: object) -> Mapping[str, object]:
    """An object of known names, or the ``[]`` that PHP writes for one that holds nothing."""
    if value == []:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"an object was expected, not {kind_of(value)}")  # noqa: TRY004
    return cast("Mapping[str, object]", value)


def read_map(value: object, _: object) -> Mapping[str, object]:
    """An object of the user's own names; a list is one whose names are 0, 1, 2 …."""
    if isinstance(value, list):
        return {str(index): held for index, held in enumerate(cast("list[object]", value))}
    return read_object(value)


def is_list(value: object) -> bool:
    """Whether it is a list, or the object of numbers that PHP writes for one with gaps."""
    return isinstance(value, list) or (_has_numbers(value) and bool(value))


def read_items(value: object) -> Iterable[tuple[int | str, object]]:
    """The items of a list, each with its place; those of one with gaps by their numbers.

    A text or another object is none, though Python could walk through it.
    """
    if isinstance(value, list):
        return enumerate(cast("list[object]", value))
    if not _has_numbers(value):
        raise ValueError(f"a list was expected, not {kind_of(value)}")
    return sorted(value.items(), key=_number)


def _has_numbers(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, Mapping) and all(
        map(_INDEX.fullmatch, cast("Mapping[str, object]", value))
    )


def _number(item: tuple[str, object]) -> int:
    return int(item[0])
