"""Bounds of real time that a busy machine may break.

What comes too early is wrong whatever else the machine does. What comes too late may be the
machine's: such a test is repeated once, and right if it was in time then. More tries would hide a
fault of ours that strikes now and then.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["LateError", "check_took", "in_time_once"]

_TRIES = 2


class LateError(AssertionError):
    """It took longer than it may."""


def check_took(seconds: float, below: float, *, least: float = 0.0) -> None:
    """Hold a time between two bounds, in a test that is :func:`in_time_once`.

    Args:
        seconds: What it took.
        below: It took less than that, once.
        least: It took that much every time.

    Raises:
        LateError: It was late.
    """
    assert least <= seconds
    if seconds >= below:
        raise LateError(f"{seconds} s, and not less than {below} s")


def in_time_once(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Repeat a late test once; the prefix in Redis or of a folder is another one each time."""

    @functools.wraps(test)
    async def run(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - whatever the test takes
        for number in range(_TRIES):
            if "prefix" in kwargs:
                kwargs["prefix"] = f"{cast('str', kwargs['prefix'])}-{number}"
            try:
                await test(*args, **kwargs)
            except LateError:
                if number == _TRIES - 1:
                    raise
            else:
                return

    return run
