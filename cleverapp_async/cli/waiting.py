"""Runs a coroutine to its end, unless a signal comes first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from .interrupts import Interrupts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["run_interruptibly"]

T = TypeVar("T")


def run_interruptibly(main: Callable[[], Awaitable[T]]) -> T:
    """Run it in an event loop of its own; Ctrl-C and SIGTERM cancel it in order.

    Args:
        main: Makes what is run.

    Raises:
        KeyboardInterrupt: A signal came; what was run has ended.
    """
    with Interrupts() as interrupts:
        try:
            return asyncio.run(_guarded(main, interrupts))
        except asyncio.CancelledError:
            pass
    raise KeyboardInterrupt


async def _guarded(main: Callable[[], Awaitable[T]], interrupts: Interrupts) -> T:
    task = asyncio.ensure_future(main())

    def stop() -> None:
        task.cancel()

    interrupts.tell(asyncio.get_running_loop(), stop)
    try:
        return await task
    finally:
        interrupts.tell(None, None)
