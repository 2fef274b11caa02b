"""Checks of what the simulator is given: a ``ValueError`` that names the argument."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

__all__ = [
    "as_ids",
    "as_names",
    "check_count",
    "check_kind",
    "check_name",
    "check_number",
    "check_path",
    "check_port",
    "check_token",
]

_LONGEST: Final = 1e10
"""Seconds of the longest duration, some 300 years: no timer can be set for infinity."""


def as_names(values: Iterable[str]) -> frozenset[str]:
    """Take names from whatever gives them."""
    return frozenset(values)


def as_ids(values: Iterable[int]) -> frozenset[int]:
    """Take ids from whatever gives them."""
    return frozenset(values)


def check_number(
    what: str, value: object, most: float = _LONGEST, *, above: float | None = None
) -> None:
    """Refuse everything but a number that is from 0, or above a bound, up to the largest one.

    Raises:
        ValueError: It is not such a number; the message names it.
    """
    # Whole numbers may be beyond all floats, and NaN compares as neither.
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 <= value <= most
        and (above is None or value > above)
    ):
        return
    least = "from 0" if above is None else f"above {above:g} and"
    msg = f"{what} must be a number {least} up to {most:g}, not {value!r}"
    raise ValueError(msg)


def check_count(what: str, value: object) -> None:
    """Refuse everything but a whole number from 1 up.

    Raises:
        ValueError: It is not such a number; the message names it.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        msg = f"{what} must be 1 or more, as a whole number, not {value!r}"
        raise ValueError(msg)


def check_kind(what: str, value: object, kind: type) -> None:
    """Refuse everything but an object of a class.

    Raises:
        ValueError: It is something else; the message names it.
    """
    if not isinstance(value, kind):
        msg = f"{what} must be a {kind.__name__}, not {value!r}"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for all arguments


def check_name(what: str, value: object, known: Collection[str]) -> None:
    """Refuse everything but one of some names.

    Raises:
        ValueError: It is something else; the message names it.
    """
    if value not in known:
        msg = f"{what} must be one of {', '.join(known)}, not {value!r}"
        raise ValueError(msg)


_LAST_PORT: Final = 65_535


def check_port(what: str, value: object) -> None:
    """Refuse everything but a port, 0 for any free one included.

    Raises:
        ValueError: It is something else; the message names it.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LAST_PORT:
        msg = f"{what} must be a whole number from 0 (any free one) to {_LAST_PORT}, not {value!r}"
        raise ValueError(msg)


def check_token(what: str, value: object) -> None:
    """Refuse everything but a text that is not empty; it is not shown.

    Raises:
        ValueError: It is something else; the message names it.
    """
    if not isinstance(value, str) or not value:
        msg = f"{what} must be a text that is not empty: the simulator checks it"
        raise ValueError(msg)


def check_path(what: str, value: object, *, reserved: str) -> None:
    """Refuse everything but the path of a URL that is free; it is not shown.

    Raises:
        ValueError: It is something else; the message names it.
    """
    path = value if isinstance(value, str) else ""
    plain = path.isascii() and path.isprintable() and not set(path) & set(" ?#%")
    if not plain or not path.startswith("/") or not path.strip("/") or path.startswith(reserved):
        msg = (
            f"{what} must be a path such as /inner_webhook/one, of ASCII characters without blanks,"
            f" ?, # and %, and not below {reserved}"
        )
        raise ValueError(msg)
