"""What Redis answers, in one form for every protocol and every setting of a client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

__all__ = ["as_list", "as_text", "as_texts", "number"]


def as_text(reply: object) -> str | None:
    """A string, or None where there is none."""
    if reply is None or isinstance(reply, str):
        return reply
    return reply.decode() if isinstance(reply, bytes) else str(reply)


def as_list(reply: object) -> list[object]:
    """An array."""
    return list(cast("Sequence[object]", reply or ()))


def as_texts(reply: object) -> dict[str, str]:
    """A hash; clients give a mapping, or the flat array of the older protocol."""
    if isinstance(reply, Mapping):
        pairs = list(cast("Mapping[object, object]", reply).items())
    else:
        flat = as_list(reply)
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
    return {as_text(name) or "": as_text(value) or "" for name, value in pairs}


def number(text: str | None) -> int:
    """A whole number; 0 where there is none."""
    return int(text or 0)
