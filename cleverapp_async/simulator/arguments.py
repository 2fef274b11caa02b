"""Checks of what the simulator is given: a ``ValueError`` that names the argument."""

from __future__ import annotations

from typing import Final

__all__ = ["check_count", "check_number"]

_LONGEST: Final = 1e10
"""Seconds of the longest duration, some 300 years: no timer can be set for infinity."""


def check_number(
    what: str, value: object, most: float = _LONGEST, *, above: float | None = None
) -> None:
    """Refuse everything but a number that is from 0, or above a bound, up to the largest one.

    Raises:
        ValueError: It is not such a number; the message names it.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    # Whole numbers may be beyond all floats, and NaN compares as neither.
    if number and 0 <= value <= most and (above is None or value > above):  # type: ignore[operator]
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
