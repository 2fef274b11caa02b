"""What a value is, in words that do not show it: it may be a recipient or a text."""

from __future__ import annotations

__all__ = ["kind_of"]


def kind_of(value: object) -> str:
    """What kind of value it is.

    Nothing of the value is shown, and no method of its own is called, so that errors can be
    logged whatever somebody has passed.

    Args:
        value: Any object.
    """
    if value is None or value is True or value is False:
        return str(value)
    kind = type(value)
    if isinstance(value, str) and kind is str:
        return f"a text of {len(value)} characters" if value else "an empty text"
    if isinstance(value, int) and kind is int:
        return "a number above 0" if value > 0 else "a number below 0" if value else "0"
    return f"a value of type {kind.__name__}"
