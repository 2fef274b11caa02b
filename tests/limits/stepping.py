"""Cancelling a coroutine at each of its suspensions, by stepping it by hand."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

T = TypeVar("T")


class CancelledAt(Generic[T]):
    """Awaits a coroutine and throws ``CancelledError`` into it at its k-th suspension.

    Args:
        coroutine: What to await.
        suspension: Which suspension, from 0 up.
        woken: Throw when what it waits for has happened, instead of as soon as it waits.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, T], suspension: int, *, woken: bool) -> None:
        self._coroutine = coroutine
        self._suspension = suspension
        self._woken = woken
        self.reached = False

    def __await__(self) -> Generator[Any, Any, T]:
        """Step the coroutine."""
        coroutine = self._coroutine
        for suspension in itertools.count():
            try:
                awaited = coroutine.send(None)
                if suspension == self._suspension:
                    self.reached = True
                    if self._woken:
                        yield awaited
                    coroutine.throw(asyncio.CancelledError())
                    raise AssertionError("it swallowed its cancellation")
                yield awaited
            except StopIteration as stop:
                result: T = stop.value
                return result
        raise AssertionError("unreachable")
