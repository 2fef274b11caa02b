"""Ctrl-C, SIGTERM and SIGHUP: passed to whoever can stop in order, raised where nobody can."""

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

# Windows knows no SIGHUP: elsewhere it comes when the terminal is closed or its connection ends.
_HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *((_HANGUP,) if _HANGUP is not None else ()))


@define
class Interrupts:
    """Catches the signals inside a ``with`` block.

    Inside :meth:`passed_to` a listener is called in its event loop; elsewhere ``KeyboardInterrupt``
    is raised where the signal came. A hangup that comes after another signal is passed over: shells
    send one more to what the terminal has told already, and a second signal means haste.
    """

    _tell: Callable[[], object] | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _came: bool = False
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

        def hear(number: signal.Signals) -> None:
            if self._counts(number):
                listener()

        # Where the loop can listen itself, a signal also wakes it at once; Windows has no such.
        with suppress(NotImplementedError):
            for number in self._before:
                loop.add_signal_handler(number, hear, number)
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

    def _counts(self, number: int) -> bool:
        """Whether a signal is a wish of its own; notes that one came."""
        before, self._came = self._came, True
        return not before or number != _HANGUP

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        if not self._counts(number):
            return
        if self._tell is None:
            raise KeyboardInterrupt
        self._tell()


def run_interruptibly(main: Callable[[], Awaitable[T]]) -> T:
    """Run it in an event loop of its own; Ctrl-C, SIGTERM and SIGHUP cancel it in order.

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
