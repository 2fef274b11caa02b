"""The thread that writes a journal: many changes in one commit, then answers to the event loop."""

from __future__ import annotations

import asyncio
import atexit
import copy
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from attrs import define, field

from ....errors import JournalError, JournalLockedError
from .database import Commit, transaction, write_failure
from .states import Change, ChangeKind, only_unknown, write_changes

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from .database import OpenJournal

__all__ = ["WriterThread"]

T = TypeVar("T")

# A commit costs the same for one message as for fifty.
_LINGER = 0.002
_AT_ONCE = 0.0
_FEW = 4
_MANY = 64
_MOST_QUEUED = 4096
_LAST_WORDS = 5.0

_Answer: TypeAlias = asyncio.Future[Any] | None
_Write: TypeAlias = tuple[Change, _Answer]
_Operation: TypeAlias = "Callable[[sqlite3.Connection], object]"
_Opened: TypeAlias = "Callable[[Callable[[], bool]], AbstractContextManager[OpenJournal]]"


@define(eq=False, repr=False)
class _Job:
    """Something to do in the thread, between two commits."""

    operation: _Operation
    answer: _Answer
    last: bool = False


def _settle(answer: _Answer, result: object, error: BaseException | None) -> None:
    """Answer in the event loop; a waiter that was cancelled gets nothing."""
    if answer is None or answer.done() or answer.get_loop().is_closed():
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)


@define(eq=False, repr=False)
class WriterThread:
    """Owns the connection to a journal, in a thread of its own, from ``start`` to ``stop``.

    Everything queued when the thread looks is written in one transaction, which costs one wait for
    the disk. Where few messages are under way an intent is written at once; where there are more,
    and for results alone while any are under way, changes linger for at most 2 ms, as others are
    likely to come and share the commit. It is the thread that lingers: results reach the disk in
    that time also while somebody keeps the event loop busy.

    Once a commit failed nothing more is written: intents fail, and results are kept, to be tried
    once more at the end. When the thread itself ends, because of whatever was raised in it, all who
    wait are told, and so is everybody who asks later.

    A job that nobody waits for any more is given up in the middle of its query.

    Attributes:
        path: The journal's file.
        opened: Holds the journal open; entered and left in the thread. It is given what tells
            whether to give a query up.
        commit: Ends a transaction, in the thread.
        last_commit: Ends the last one, which a run may still write that has lost the journal.
        broken: Why nothing is written any more; None while all is well.
    """

    path: Path
    opened: _Opened
    commit: Commit
    last_commit: Commit
    broken: JournalError | None = None
    _loop: asyncio.AbstractEventLoop = field(factory=asyncio.get_running_loop)
    # Jobs, and by when of `time.monotonic` the changes in `_fresh` are to be written.
    _queue: SimpleQueue[float | _Job] = field(factory=SimpleQueue["float | _Job"])
    _fresh: list[_Write] = field(factory=list["_Write"])
    _due: float | None = None
    _queued: int = 0
    _room: asyncio.Event = field(factory=asyncio.Event)
    _under_way: set[int] = field(factory=set[int])
    _kept: list[Change] = field(factory=list[Change])
    _in_hand: list[_Write] = field(factory=list["_Write"])
    _job: _Job | None = None
    _started: _Answer = None
    _ended: JournalError | None = None
    _process: int = field(factory=os.getpid)
    _thread: threading.Thread | None = None

    # --- in the event loop ---

    async def start(self) -> None:
        """Start the thread, and wait until it has opened the journal.

        Raises:
            JournalError: It could not.
        """
        started: asyncio.Future[object] = self._loop.create_future()
        self._started = started
        # A daemon, so that a program that forgot to close can end; the hook writes what is left.
        self._thread = threading.Thread(target=self._main, name="cleverapp-journal", daemon=True)
        self._thread.start()
        atexit.register(self._stop_at_exit)
        try:
            await started
        except BaseException:
            self._leave(None)
            raise

    async def call(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Do something in the thread, after everything queued before it was written.

        Raises:
            JournalWriteError: SQLite failed.
            JournalError: The thread has ended.
        """
        return await self.begin(operation)

    def begin(self, operation: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """What :meth:`call` does, to be awaited later; cancelled, it need not be done.

        Raises:
            JournalError: The thread has ended.
        """
        if self._gone is not None:
            # A copy for each who is told: Python writes the traceback into the exception that it
            # raises.
            raise copy.copy(self._gone)
        answer: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Job(operation, answer))
        return answer

    @property
    def full(self) -> bool:
        """Whether so many changes are queued that intents should wait."""
        return self._queued >= _MOST_QUEUED

    async def room(self) -> None:
        """Wait until the queue is no longer full."""
        while self.full:
            self._room.clear()
            await self._room.wait()

    def write(self, change: Change) -> asyncio.Future[None]:
        """Queue a change; it is durable once the future has its result.

        The future fails with a :class:`JournalError` where the change is not written.
        """
        gone = self._gone
        # A process that was forked, or a loop that followed the first one, gets a future of its own
        # loop: one of a foreign loop could not be awaited.
        loop = self._loop if gone is None else asyncio.get_running_loop()
        answer: asyncio.Future[None] = loop.create_future()
        if gone is not None:
            self._keep([change])
            answer.set_exception(copy.copy(gone))
            return answer
        self._put(change, answer)
        return answer

    def add(self, change: Change) -> None:
        """Queue a change; this does not wait until it is written."""
        if self._gone is None:
            self._put(change, None)

    def _put(self, change: Change, answer: _Answer) -> None:
        self._fresh.append((change, answer))
        # Counted in the event loop alone, up here and down in `_written`: the thread never touches
        # it, so that no lock is needed.
        self._queued += 1
        kind, index, _ = change
        if kind is ChangeKind.INTENT:
            self._under_way.add(index)
            lingers = len(self._under_way) > _FEW
        else:
            self._under_way.discard(index)
            lingers = bool(self._under_way)
        # The thread is woken as seldom as can be: it fights with the loop for Python's lock. It
        # clears `_due` before it looks at `_fresh`: whatever it does not find there is told anew.
        if not lingers or len(self._fresh) >= _MANY:
            if self._due != _AT_ONCE:
                self._due = _AT_ONCE
                self._queue.put(_AT_ONCE)
        elif self._due is None:
            self._due = due = time.monotonic() + _LINGER
            self._queue.put(due)

    async def stop(self, operation: _Operation) -> None:
        """Write what is left, do a last operation in the same commit, and end the thread.

        Raises:
            JournalError: They could not be written; the journal is let go all the same.
        """
        # The loop that it was opened in may be gone.
        self._loop = asyncio.get_running_loop()
        if (gone := self._gone) is not None:
            raise write_failure(self.path, copy.copy(gone), lost=self._lost)
        answer: asyncio.Future[object] = self._loop.create_future()
        self._leave(answer, operation)
        await answer
        if self._thread is not None:
            self._thread.join()

    @property
    def _gone(self) -> JournalError | None:
        """Why the thread cannot answer; None while it is at work."""
        if os.getpid() != self._process:
            return JournalError(
                f"the journal {self.path} was opened by the process that this one was forked from: "
                "open it here, once that process has closed it"
            )
        return self._ended

    @property
    def _lost(self) -> int:
        """Results that are not written."""
        return sum(kind is ChangeKind.RESULT for kind, _, _ in self._kept)

    def _keep(self, changes: Iterable[Change]) -> None:
        """Remember what is not written, save intents: nothing of those has left."""
        self._kept += [change for change in changes if change[0] is not ChangeKind.INTENT]

    def _leave(self, answer: _Answer, operation: _Operation = lambda _: None) -> None:
        # The last job is in the queue once only: from here on the hook would put a second one.
        atexit.unregister(self._stop_at_exit)
        self._queue.put(_Job(operation, answer, last=True))

    def _stop_at_exit(self) -> None:
        # Nobody waits for an answer any more, as the loop is over: what counts is that the thread
        # writes what is queued, and that the program does not hang where the disk does.
        self._queue.put(_Job(lambda _: None, None, last=True))
        if self._thread is not None:
            self._thread.join(_LAST_WORDS)

    def _written(self, answers: list[_Answer], count: int, error: JournalError | None) -> None:
        self._queued -= count
        self._room.set()
        for answer in answers:
            # Each waiter its own: a traceback is written into what is raised.
            _settle(answer, None, error and copy.copy(error))

    def _over(self, error: JournalError | None) -> None:
        """The thread has ended: answer everybody whom it has not."""
        # Runs in the event loop, after the thread's very last step: what is in the queue or in the
        # thread's hand by now is seen by nobody else.
        last = self._job if self._job is not None and self._job.last else None
        if error is None and last is not None:
            _settle(last.answer, None, None)
        self._ended = error or JournalError(f"the journal {self.path} is closed")
        writes, jobs = self._in_hand + self._fresh, [self._job]
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if isinstance(item, _Job):
                jobs.append(item)
        # A result that is not written is counted, to be told as lost; an intent that is not written
        # is no loss, as its message has not left.
        self._keep(change for change, _ in writes)
        _settle(self._started, None, copy.copy(self._ended))
        self._written([answer for _, answer in writes], len(writes), self._ended)
        for job in jobs:
            if job is not None and job.last:
                failure = write_failure(self.path, copy.copy(self._ended), lost=self._lost)
                _settle(job.answer, None, failure)
            elif job is not None:
                _settle(job.answer, None, copy.copy(self._ended))

    # --- in the thread ---

    def _main(self) -> None:
        failed: JournalError | None = None
        try:
            with self.opened(self._may_give_up) as journal:
                self._tell(_settle, self._started, None, None)
                # `_job` is set while a job is carried out, and stays set only for the last one.
                while self._job is None or not self._job.last:
                    self._turn(journal)
                self._finish(journal, self._job)
        except BaseException as error:  # noqa: BLE001 - somebody in the event loop waits for it
            failed = write_failure(self.path, error)
        self._tell(self._over, failed)

    def _may_give_up(self) -> bool:
        """Whether the waiter of the running operation was cancelled; asked in the middle of it."""
        if self._job is None:
            return self._started is not None and self._started.cancelled()
        # Read in the thread while the loop may cancel it: `cancelled()` is a plain look at a state,
        # and to be late by one look costs some milliseconds.
        answer = self._job.answer
        return not self._job.last and answer is not None and answer.cancelled()

    def _turn(self, journal: OpenJournal) -> None:
        """Write what is queued, and do the job behind it, save the last one."""
        job = self._gather()
        if writes := self._in_hand:
            # Answered after the commit, in the order of the queue: whoever awaits an intent goes on
            # only once it is on the disk.
            error = self._write(journal, [change for change, _ in writes])
            self._tell(self._written, [answer for _, answer in writes], len(writes), error)
            self._in_hand = []
        self._job = job
        if job is None or job.last:
            return
        result, failed = None, None
        try:
            result = job.operation(journal.connection)
        except BaseException as error:  # noqa: BLE001 - the caller is told
            failed = self._failure(error)
        self._tell(_settle, job.answer, result, failed)
        self._job = None

    def _gather(self) -> _Job | None:
        """Collect the queued changes, once it is time or a job has come; return the job."""
        item = self._queue.get()
        due = None
        while not isinstance(item, _Job):
            due = item if due is None else min(due, item)
            try:
                item = self._queue.get(timeout=max(0.0, due - time.monotonic()))
            except Empty:
                break
        self._due = None
        # The loop only appends to it, at any moment.
        self._in_hand = self._fresh[:]
        del self._fresh[: len(self._in_hand)]
        return item if isinstance(item, _Job) else None

    def _write(self, journal: OpenJournal, changes: list[Change]) -> JournalError | None:
        if self.broken is None:
            try:
                journal.write(changes, self.commit)
            except BaseException as error:  # noqa: BLE001 - whatever it is, it may not be written
                # For good: a disk that failed once is not trusted with another intent. The results
                # are tried once more at the end.
                self.broken = write_failure(self.path, error)
        if self.broken is not None:
            self._keep(changes)
        return self.broken

    def _finish(self, journal: OpenJournal, last: _Job) -> None:
        connection, files = journal.connection, journal.files
        try:
            # A file that was moved is the journal still; one that is deleted keeps nothing.
            if not files.exists:
                files.check()
            with transaction(connection, self.last_commit):
                changes = self._kept
                # Another runner has the file: it called our messages unknown, and what we know
                # about those is welcome. All else is its own by now.
                if isinstance(self.broken, JournalLockedError):
                    changes = only_unknown(connection, changes)
                write_changes(connection, changes)
                last.operation(connection)
            if files.exists:
                self._kept = []
            files.leave(connection)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it may not be written
            raise write_failure(self.path, error) from None

    def _failure(self, error: BaseException) -> Exception:
        """The error for a waiter: never one that would end the event loop."""
        import sqlite3  # noqa: PLC0415 - importing the package must stay quick

        ours = (sqlite3.Error, UnicodeDecodeError, OSError, StopIteration)
        if isinstance(error, ours) or not isinstance(error, Exception):
            return write_failure(self.path, error)
        return error

    def _tell(self, function: Callable[..., None], *arguments: object) -> None:
        # A loop that is gone has nobody who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments)
