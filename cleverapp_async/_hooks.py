"""How plain JSON values are read: exactly, but forgiving about how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import cast

from ._kinds import kind_of

__all__ = [
    "read_decimal",
    "read_items",
    "read_moment",
    "read_object",
    "read_text",
    "read_truth",
    "read_whole",
]

# All raise ValueError, as cattrs' own hooks do, so that one kind of failure is told by its path.


def read_moment(value: object, _: object) -> datetime:
    """ISO 8601 with an offset, or with ``Z``; without either it is taken as UTC."""
    if not isinstance(value, str):
        raise ValueError(f"a date was expected, not {kind_of(value)}")  # noqa: TRY004
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_whole(value: object, _: object) -> int:
    """A whole number, or its digits."""
    if type(value) is int:
        return value
    if not isinstance(value, str):
        raise ValueError(f"a whole number was expected, not {kind_of(value)}")  # noqa: TRY004
    return int(value)


def read_text(value: object, _: object) -> str:
    """A text; a number is taken as its digits."""
    if type(value) is str:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"a text was expected, not {kind_of(value)}")  # noqa: TRY004
    return str(value)


def read_truth(value: object, _: object) -> bool:
    """A truth value; 0 and 1 are taken for one."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | str) and value in {0, 1, "0", "1"}:
        return bool(int(value))
    raise ValueError(f"true or false was expected, not {kind_of(value)}")


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


def read_object(value: object, _: object) -> Mapping[str, object]:
    """Whatever object came, as it came."""
    if not isinstance(value, Mapping):
        raise ValueError(f"an object was expected, not {kind_of(value)}")  # noqa: TRY004
    return cast("Mapping[str, object]", value)


def read_items(value: object) -> list[object]:
    """A list; a text or an object is none, though Python could walk through it."""
    if not isinstance(value, list):
        raise ValueError(f"a list was expected, not {kind_of(value)}")  # noqa: TRY004
    return cast("list[object]", value)
