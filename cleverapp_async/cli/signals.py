"""Ctrl-C and SIGTERM: passed to whoever can stop in order, raised where nobody can."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Self, TypeVar

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator
    from types import FrameType, TracebackType

__all__ = ["Interrupts", "run_interruptibly"]

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@define
class Interrupts:
    """Catches both signals inside a ``with`` block.

    Inside :meth:`passed_to` a listener is called in its event loop; elsewhere ``KeyboardInterrupt``
    is raised where the signal came.
    """

    _tell: Callable[[], object] | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _before: dict[signal.Signals, object] = field(factory=dict["signal.Signals", object])

    def __enter__(self) -> Self:
        """Take over; a signal that was ignored (``nohup``) stays ignored."""
        for number in _SIGNALS:
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:
                self._before[number] = before
                signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        self._take_back()
        for number, before in self._before.items():
            signal.signal(number, before if callable(before) else signal.SIG_DFL)

    @contextmanager
    def passed_to(self, listener: Callable[[], None]) -> Generator[None]:
        """Call the listener in the running event loop while the block runs.

        Args:
            listener: Called for each signal.
        """
        loop = asyncio.get_running_loop()
        self._tell = lambda: loop.call_soon_threadsafe(listener)
        # Where the loop can listen itself, a signal also wakes it at once; Windows has no such.
        with suppress(NotImplementedError):
            for number in self._before:
                loop.add_signal_handler(number, listener)
                self._loop = loop
        try:
            yield
        finally:
            self._take_back()

    def _take_back(self) -> None:
        """Take the signals back from the loop that listens."""
        self._tell = None
        if self._loop is not None:
            for number in self._before:
                self._loop.remove_signal_handler(number)
                signal.signal(number, self._on_signal)
            self._loop = None

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._tell is None:
            raise KeyboardInterrupt
        self._tell()


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

    with interrupts.passed_to(stop):
        return await task
