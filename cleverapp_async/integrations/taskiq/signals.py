"""Hears the signals that end a worker, beside the worker's own handlers."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeAlias

from attrs import define, field

__all__ = ["EndSignals"]

_Handler: TypeAlias = "Callable[[int, FrameType | None], object]"

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@define(eq=False)
class EndSignals:
    """Calls something in the event loop when the worker is told to end, then its own handler.

    taskiq tells its tasks nothing of a shutdown: it waits for them. Only handlers that the worker
    has set are followed; where a signal has its default meaning, or none, it is left alone.

    Attributes:
        notice: What is called.
    """

    notice: Callable[[], None]
    _before: dict[signal.Signals, _Handler] = field(
        factory=dict["signal.Signals", "_Handler"], init=False
    )

    def install(self) -> None:
        """Begin to listen; outside the main thread nothing can be heard."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            handler = signal.getsignal(number)
            if not callable(handler) or handler is signal.default_int_handler:
                continue
            self._before[number] = handler
            signal.signal(number, self._follow(loop, handler))

    def remove(self) -> None:
        """Stop listening."""
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)

    def _follow(self, loop: asyncio.AbstractEventLoop, handler: _Handler) -> _Handler:
        def hear(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self.notice)
            handler(number, frame)

        return hear
