"""How many examples a law is tried with."""

from __future__ import annotations

from hypothesis import settings

__all__ = ["examples"]

_USUAL = 50


def examples(count: int) -> settings:
    """Try so many examples, or more where the profile asks for more of every law."""
    return settings(max_examples=count * settings().max_examples // _USUAL)
