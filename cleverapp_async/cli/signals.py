"""The signals that end a program: passed to whoever can stop in order, raised where nobody can."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self, TypeVar

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator
    from types import FrameType, TracebackType

__all__ = ["Interrupts", "run_interruptibly", "stopping_signals"]

T = TypeVar("T")

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
_HANGUP = "SIGHUP"


def stopping_signals() -> tuple[signal.Signals, ...]:
    """The signals that ask this program to end, as far as the system has them.

    Those are Ctrl-C, the end of a terminal or of an SSH session, what ``kill``, ``timeout``, Docker
    and systemd send, and what Ctrl and a backslash do; on Windows Ctrl-C and Ctrl-Break.
    """
    found = (getattr(signal, name, None) for name in _NAMES)
    return tuple(one for one in found if one is not None)


@define
class Interrupts:
    """Catches the signals that end a program inside a ``with`` block.

    Inside :meth:`passed_to` a listener is called in its event loop, inside :meth:`noted_by` at
    once; elsewhere ``KeyboardInterrupt`` is raised where the signal came. That a terminal was
    closed may be told several times, by the shell and by the system: a hangup counts only where no
    signal came before it, so that it is never taken for somebody's second Ctrl-C.
    """

    _tell: Callable[[], object] | None = None
    _came: bool = False
    _before: dict[signal.Signals, object] = field(factory=dict["signal.Signals", object])

    def __enter__(self) -> Self:
        """Take over; a signal that was ignored (``nohup``) stays ignored."""
        for number in stopping_signals():
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
        for number, before in self._before.items():
            signal.signal(number, before if callable(before) else signal.SIG_DFL)

    @contextmanager
    def passed_to(self, listener: Callable[[], None]) -> Generator[None]:
        """Call the listener in the running event loop while the block runs.

        Args:
            listener: Called for each signal.
        """
        import asyncio

        loop = asyncio.get_running_loop()
        # This also wakes the loop. Its own signal handlers would leave a moment without any
        # when they are taken back, and Windows has none.
        with self.noted_by(lambda: loop.call_soon_threadsafe(listener)):
            yield

    @contextmanager
    def noted_by(self, listener: Callable[[], object]) -> Generator[None]:
        """Call the listener at once, wherever the program is, while the block runs.

        Args:
            listener: Called for each signal.
        """
        before, self._tell = self._tell, listener
        try:
            yield
        finally:
            self._tell = before

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        again, self._came = self._came, True
        if again and number == getattr(signal, _HANGUP, None):
            return
        if self._tell is None:
            raise KeyboardInterrupt
        self._tell()


def run_interruptibly(main: Callable[[], Awaitable[T]]) -> T:
    """Run it in an event loop of its own; a signal that ends programs cancels it in order.

    Args:
        main: Makes what is run.

    Raises:
        KeyboardInterrupt: A signal came; what was run has ended.
    """
    import asyncio

    with Interrupts() as interrupts:
        try:
            return asyncio.run(_guarded(main, interrupts))
        except asyncio.CancelledError:
            pass
    raise KeyboardInterrupt


async def _guarded(main: Callable[[], Awaitable[T]], interrupts: Interrupts) -> T:
    import asyncio

    task = asyncio.ensure_future(main())

    def stop() -> None:
        task.cancel()

    with interrupts.passed_to(stop):
        return await task
