"""The one thread that writes a journal: group commit, and answers to the event loop."""

from __future__ import annotations

import asyncio
import atexit
import copy
import threading
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from attrs import define, field

from ...errors import JournalError, JournalWriteError
from .fates import Change, Kind, write_changes
from .reasons import write_failure
from .transactions import Commit, transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from contextlib import AbstractContextManager

__all__ = ["Writer"]

T = TypeVar("T")

_LINGER = 0.005
_MOST_QUEUED = 4096
_LAST_WORDS = 5.0

_Answer: TypeAlias = asyncio.Future[Any] | None
_Write: TypeAlias = tuple[Change, _Answer]
_Work: TypeAlias = "Callable[[sqlite3.Connection], object]"
_Opened: TypeAlias = "Callable[[], AbstractContextManager[sqlite3.Connection]]"


@define(eq=False)
class _Job:
    """Something to do in the thread, between two commits."""

    work: _Work
    answer: _Answer
    last: bool = False


def _settle(answer: _Answer, result: object, error: BaseException | None) -> None:
    """Answer in the event loop; a waiter that was cancelled is never given anything."""
    if answer is None or answer.done() or answer.get_loop().is_closed():
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)


@define(eq=False)
class Writer:
    """Owns the connection to a journal, in a thread of its own, from ``start`` to ``stop``.

    Everything queued when the thread looks is written in one transaction, which costs one wait for
    the disk. An intent is written at once; results alone linger for at most 5 ms, as long as other
    messages are on their way and one of them may bring an intent to share the commit with.

    Once a commit failed nothing more is written: intents fail, and results are kept, to be tried
    once more at the end.

    Attributes:
        path: The journal's file.
        opened: Holds the journal open; entered and left in the thread.
        commit: Ends a transaction, in the thread.
        broken: Why nothing is written any more; None while all is well.
    """

    path: Path
    opened: _Opened
    commit: Commit
    broken: JournalWriteError | None = None
    _loop: asyncio.AbstractEventLoop = field(factory=asyncio.get_running_loop)
    _queue: SimpleQueue[_Write | _Job] = field(factory=SimpleQueue["_Write | _Job"])
    _queued: int = 0
    _room: asyncio.Event = field(factory=asyncio.Event)
    _under_way: set[int] = field(factory=set[int])
    _kept: list[Change] = field(factory=list[Change])
    _thread: threading.Thread | None = None

    # --- in the event loop ---

    async def start(self) -> None:
        """Start the thread, and wait until it has opened the journal.

        Raises:
            JournalError: It could not.
        """
        started: asyncio.Future[object] = self._loop.create_future()
        # A daemon, so that a program that forgot to close can end; the hook writes what is left.
        self._thread = threading.Thread(
            target=self._main, args=(started,), name="cleverapp-journal", daemon=True
        )
        self._thread.start()
        atexit.register(self._stop_at_exit)
        try:
            await started
        except BaseException:
            self._leave(None)
            raise

    async def call(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something in the thread, after everything queued before it was written.

        Raises:
            JournalWriteError: SQLite failed.
        """
        answer: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Job(work, answer))
        return await answer

    @property
    def full(self) -> bool:
        """Whether so much is queued that what may wait should."""
        return self._queued >= _MOST_QUEUED

    async def room(self) -> None:
        """Wait until the queue is no longer full."""
        while self.full:
            self._room.clear()
            await self._room.wait()

    def write(self, change: Change) -> asyncio.Future[None]:
        """Queue a change; it is durable once the future has its result.

        The future fails with a :class:`JournalWriteError` where the change is not written.
        """
        answer: asyncio.Future[None] = self._loop.create_future()
        self._queued += 1
        self._queue.put((change, answer))
        return answer

    def add(self, change: Change) -> None:
        """Write a change some time soon; nobody waits for it."""
        self._queued += 1
        self._queue.put((change, None))

    async def stop(self, work: _Work) -> None:
        """Write what is left, and with it the last words; then end the thread.

        Raises:
            JournalWriteError: They could not be written; the journal is let go all the same.
        """
        # The loop that it was opened in may be gone.
        self._loop = asyncio.get_running_loop()
        answer: asyncio.Future[object] = self._loop.create_future()
        self._leave(answer, work)
        await answer
        if self._thread is not None:
            self._thread.join()

    def _leave(self, answer: _Answer, work: _Work = lambda _: None) -> None:
        atexit.unregister(self._stop_at_exit)
        self._queue.put(_Job(work, answer, last=True))

    def _stop_at_exit(self) -> None:
        self._queue.put(_Job(lambda _: None, None, last=True))
        if self._thread is not None:
            self._thread.join(_LAST_WORDS)

    def _written(self, answers: list[_Answer], count: int, error: BaseException | None) -> None:
        self._queued -= count
        self._room.set()
        for answer in answers:
            # Each waiter its own: a traceback is written into what is raised.
            _settle(answer, None, copy.copy(error))

    # --- in the thread ---

    def _main(self, started: _Answer) -> None:
        last: _Job | None = None
        failed: BaseException | None = None
        try:
            with self.opened() as connection:
                self._tell(_settle, started, None, None)
                while last is None:
                    last = self._turn(connection)
                self._finish(connection, last)
        except BaseException as error:  # noqa: BLE001 - somebody in the event loop waits for it
            failed = self._failure(error)
        self._tell(_settle, last.answer if last else started, None, failed)

    def _turn(self, connection: sqlite3.Connection) -> _Job | None:
        """Write what is queued, and do the job behind it; gives the last one, not done."""
        writes, job = self._gather()
        if writes:
            error = self._write(connection, [change for change, _ in writes])
            self._tell(self._written, [answer for _, answer in writes], len(writes), error)
        if job is None or job.last:
            return job
        result, failed = None, None
        try:
            result = job.work(connection)
        except BaseException as error:  # noqa: BLE001 - the caller is told
            failed = self._failure(error)
        self._tell(_settle, job.answer, result, failed)
        return None

    def _gather(self) -> tuple[list[_Write], _Job | None]:
        writes: list[_Write] = []
        urgent, until = False, 0.0
        item = self._queue.get()
        while not isinstance(item, _Job):
            writes.append(item)
            kind, index, _ = item[0]
            if kind is Kind.INTENT:
                self._under_way.add(index)
                urgent = True
            else:
                self._under_way.discard(index)
            try:
                item = self._queue.get_nowait()
            except Empty:
                if urgent or not self._under_way:
                    return writes, None
                now = time.monotonic()
                until = until or now + _LINGER
                try:
                    item = self._queue.get(timeout=max(until - now, 0))
                except Empty:
                    return writes, None
        return writes, item

    def _write(self, connection: sqlite3.Connection, changes: list[Change]) -> BaseException | None:
        if self.broken is None:
            try:
                with transaction(connection, self.commit):
                    write_changes(connection, changes)
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is not written
                self.broken = write_failure(self.path, error)
        if self.broken is not None:
            self._kept += [change for change in changes if change[0] is not Kind.INTENT]
        return self.broken

    def _finish(self, connection: sqlite3.Connection, last: _Job) -> None:
        try:
            with transaction(connection, self.commit):
                write_changes(connection, self._kept)
                last.work(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not written
            lost = sum(kind is Kind.RESULT for kind, _, _ in self._kept)
            raise write_failure(self.path, error, lost=lost) from None

    def _failure(self, error: BaseException) -> BaseException:
        if isinstance(error, JournalError) or not isinstance(error, Exception):
            return error
        import sqlite3  # noqa: PLC0415 - importing the package must stay quick

        return write_failure(self.path, error) if isinstance(error, sqlite3.Error) else error

    def _tell(self, function: Callable[..., None], *arguments: object) -> None:
        # A loop that is gone has nobody who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments)
