"""The signals that end a program: passed to whoever can stop in order, raised where nobody can."""

from __future__ import annotations

import io
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, Self, TypeVar, cast

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator
    from types import FrameType

    from _typeshed import WriteableBuffer

__all__ = ["Interrupts", "run_interruptibly", "standard_input", "stopping_signals"]

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
            # A program that `nohup` started must go on when the terminal is closed.
            if before is not signal.SIG_IGN:
                self._before[number] = before
                signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        for number, before in self._before.items():
            # A handler that was not set from Python is not callable, and cannot be put back.
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
        # Python calls this between two steps of the main thread, never in the middle of one: so
        # both the call and the exception are safe wherever the program is.
        if self._tell is None:
            raise KeyboardInterrupt
        self._tell()


class _InterruptibleInput(io.RawIOBase):
    """Standard input, at which a signal is heard at once, whenever it comes.

    A plain read does not hear one that comes after Python has last looked for signals and before
    the system begins to read: that read goes on until somebody types, as if there were no signal.
    So this waits for the input and for Python's own notice of a signal together, and reads what is
    there. It takes no byte ahead of those it was asked for.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def fileno(self) -> int:
        """The system's number of it."""
        return self._descriptor

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Take what is there; 0 is its end.

        Raises:
            OSError: It cannot be read.
        """
        while True:
            _wait_for_input_or_signal(self._descriptor)
            with suppress(BlockingIOError):  # another process took it
                return os.readv(self._descriptor, [buffer])


def _wait_for_input_or_signal(descriptor: int) -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # signals are heard in the main thread alone
    # The pipe by which Python itself tells of signals, at the moment at which they come: a signal
    # before `select` leaves a byte in it, so that `select` returns at once.
    noticed, notice = os.pipe()
    try:
        os.set_blocking(notice, False)
        before = signal.set_wakeup_fd(notice, warn_on_full_buffer=False)
        try:
            # A signal's handler runs before the next step of this function, and may raise.
            select.select([descriptor, noticed], [], [])
        finally:
            signal.set_wakeup_fd(before)
    finally:
        os.close(noticed)
        os.close(notice)


def standard_input() -> BinaryIO:
    """Standard input as bytes, for reads that a signal ends at once wherever the system can.

    Only one of these, or ``sys.stdin``, is to be read at a time: what it has taken ahead of a
    line's end is not given to another. Its ``readline`` takes nothing ahead.
    """
    try:
        descriptor = sys.stdin.fileno()
    except (OSError, ValueError):  # a stream that lies in memory
        return sys.stdin.buffer
    if sys.platform == "win32":  # where only sockets can be waited for
        return sys.stdin.buffer
    return cast("BinaryIO", _InterruptibleInput(descriptor))


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
            # The cancellation that comes out here is the one that the signal asked for: nobody else
            # could have cancelled it.
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
