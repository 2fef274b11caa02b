"""The names of the keys in Redis: each bot and each account has one hash slot of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..quota import AccountKey, LimitKey

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["META", "check_prefix", "key_names", "read_key", "tagged"]

META = "meta"
"""The part of a key's log that is always there."""

_PARTS = (META, "processes", "starts", "mail")
_ESCAPED = str.maketrans({"%": "%25", ":": "%3A", "{": "%7B", "}": "%7D"})
_SCOPED = 3


def check_prefix(prefix: str) -> str:
    """Return a prefix, which must not interfere with the hash tags.

    Raises:
        ValueError: It is empty, or has a character with a meaning of its own in a key or a pattern.
    """
    if not prefix or set(prefix) & set("{}*?[]\\ "):
        raise ValueError(f"prefix must be a plain word such as 'cleverapp', not {prefix!r}")
    return prefix


def tagged(prefix: str, key: LimitKey | AccountKey) -> str:
    """The beginning of all keys of one limiter; the hash tag is in braces."""
    if isinstance(key, AccountKey):
        return f"{prefix}:{{account:{key.digest}}}"
    bot = "" if key.bot_id is None else str(key.bot_id)
    return f"{prefix}:{{bot:{bot}}}:{_escape(key.scope)}:{_escape(key.messenger)}"


def key_names(
    prefix: str, key: LimitKey | AccountKey, windows: Sequence[tuple[int, float]]
) -> list[str]:
    """The keys that the script works on, in its order."""
    base = tagged(prefix, key)
    parts = [*_PARTS, *(f"window:{period:g}" for _, period in windows)]
    return [f"{base}:{part}" for part in parts]


def read_key(prefix: str, name: str) -> LimitKey | AccountKey | None:
    """The limit key whose log has a meta part of this name; None if it belongs to no log."""
    base = name.removesuffix(f":{META}")
    tag, closed, rest = base.removeprefix(f"{prefix}:{{").partition("}")
    kind, _, whose = tag.partition(":")
    if not closed:
        return None
    if kind == "account" and not rest:
        return AccountKey(whose)
    parts = rest.split(":")
    if kind != "bot" or len(parts) != _SCOPED or not (whose.isdecimal() or not whose):
        return None
    return LimitKey(int(whose) if whose else None, _unescape(parts[2]), _unescape(parts[1]))


def _escape(text: str) -> str:
    return text.translate(_ESCAPED)


def _unescape(text: str) -> str:
    for code, escaped in _ESCAPED.items():
        if code != ord("%"):
            text = text.replace(str(escaped), chr(code))
    return text.replace("%25", "%")
