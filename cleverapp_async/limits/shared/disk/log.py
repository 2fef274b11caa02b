"""The logs of all keys in a file, asked from the event loop; one thread waits for the file.

Here are the limiter of a key whose log lies there, and a look at every key in the files of a
folder, which changes nothing.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field

from ...._event_loop import error_of
from ....errors import ConfigurationError
from ..limiter import SharedLimiter
from ..messages import LogCallError, LogFault, LogReply
from .file import Job, LimitsFile, fault_of, read_logs
from .machine import Clock, default_folder, file_of, files_in, machine_clock
from .rule import look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...quota import AccountKey, LimitKey
    from ..messages import LogRequest, Terms
    from ..redis_log import KeyState

__all__ = ["FileLimiter", "FileLog", "look_into_folder"]


@define
class _Waiting:
    """A request, and who waits for its reply."""

    job: Job
    answer: asyncio.Future[LogReply | None]


@define(eq=False)
class FileLog:
    """A :class:`SharedLog` in a file of this machine, one for each account.

    All that is asked while the thread is at work goes into its next transaction.

    Attributes:
        folder: Where the file is; None: in the user's own folder.
        timeout: Seconds to wait for the file's lock.
        clock: The clock that all processes share.
        hangs_after: Seconds beyond the time-out after which the disk is not waited for any more.
        calls: How many transactions there were so far.
    """

    folder: Path | None
    timeout: float
    clock: Clock = field(factory=machine_clock)
    hangs_after: float = 5.0
    calls: int = 0
    _digest: str | None = None
    _file: LimitsFile | None = None
    _waiting: list[_Waiting] = field(factory=list[_Waiting])
    _at_work: asyncio.Future[list[LogReply | None]] | None = None
    _thread: ThreadPoolExecutor | None = None
    _pid: int = 0

    @property
    def name(self) -> str:
        """What it is, as the beginning of a sentence."""
        return "the file of limits"

    @property
    def remedy(self) -> str:
        """What to do where it cannot be used, in words."""
        folder = "the default folder" if self.folder is None else str(self.folder)
        return f"check the folder of the file of limits ({folder}) and the disk that holds it"

    def use_account(self, account: AccountKey) -> None:
        """Say whose limits these are, before the first request.

        Raises:
            ConfigurationError: They are another account's.
        """
        if self._digest not in {None, account.digest}:
            raise ConfigurationError(
                "these limits are kept for another account (token and base URL): make one "
                "LimiterRegistry.on_disk() for each account"
            )
        self._digest = account.digest

    def check_account(self) -> None:
        """See that it is known whose limits these are.

        Raises:
            ConfigurationError: It is not.
        """
        if self._digest is None:
            raise ConfigurationError(
                "it is not known yet whose limits these are: make the client with them first, or "
                "call use_account"
            )

    async def exchange(
        self, key: LimitKey | AccountKey, terms: Terms, request: LogRequest
    ) -> LogReply | None:
        """Ask the log of a key; see :meth:`SharedLog.exchange`.

        Raises:
            LogCallError: The file cannot be used.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[LogReply | None] = loop.create_future()
        self._waiting.append(_Waiting(Job(key, terms, request), answer))
        if self._at_work is None and len(self._waiting) == 1:
            # At the end of this turn of the loop: an attempt asks for its key and its account.
            loop.call_soon(self._begin)
        try:
            # SQLite's own time-out covers the lock alone. A disk that hangs holds the thread for
            # ever: who waits is told, and the thread is left to it.
            async with asyncio.timeout(self.timeout + self.hangs_after):
                return await answer
        except TimeoutError:
            pass
        told = f"{self._file.path if self._file else ''} does not answer: see to its disk"
        raise LogCallError(LogFault(told, lasting=False))

    def fault_of(self, error: BaseException) -> LogFault:
        """What an exception means that came out of a call."""
        return fault_of(error, None if self._file is None else self._file.path, self.timeout)

    async def close(self) -> None:
        """Let go of the file, and end the thread."""
        if self._at_work is not None:
            # `wait` cancels nothing: what the thread has begun is carried out, be it after this.
            await asyncio.wait([self._at_work], timeout=self.timeout + self.hangs_after)
        thread, self._thread = self._thread, None
        if thread is not None and self._file is not None and self._pid == os.getpid():
            closing = asyncio.wrap_future(thread.submit(self._file.close))
            await asyncio.wait([closing], timeout=self.timeout + self.hangs_after)
            thread.shutdown(wait=False)

    def _begin(self) -> None:
        """Give all that waits to the thread."""
        batch, self._waiting = self._waiting, []
        try:
            file = self._opened()
        except LogCallError as error:
            self._fail(batch, error.fault)
            return
        # A forked child has the executor object and none of its threads: what it submits would wait
        # for ever.
        if self._thread is None or self._pid != os.getpid():
            self._pid = os.getpid()
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="cleverapp limits")
        self.calls += 1
        # One thread, so that SQLite's connection is used by one at a time, and one batch at a time,
        # so that requests reach the file in the order in which they were asked.
        work = self._thread.submit(file.carry_out, [each.job for each in batch])
        self._at_work = asyncio.wrap_future(work)
        self._at_work.add_done_callback(partial(self._done, batch))

    def _opened(self) -> LimitsFile:
        if self._file is None:
            self.check_account()
            folder = self.folder or default_folder()
            self._file = LimitsFile(
                file_of(folder, self._digest or ""), timeout=self.timeout, clock=self.clock
            )
        return self._file

    def _done(self, batch: list[_Waiting], work: asyncio.Future[list[LogReply | None]]) -> None:
        """The thread has carried out a batch: answer, and go on with what came meanwhile."""
        # The next batch begins before anybody is answered, so that the thread does not idle.
        self._at_work = None
        if self._waiting:
            self._begin()
        error = error_of(work)
        if error is None:
            for each, reply in zip(batch, work.result(), strict=True):
                # Whoever was cancelled or timed out is answered by nobody; a slot that this granted
                # is freed by the next request, which lists the slots that the process knows.
                if not each.answer.done():
                    each.answer.set_result(reply)
            return
        fault = error.fault if isinstance(error, LogCallError) else self.fault_of(error)
        self._fail(batch, fault)

    def _fail(self, batch: Sequence[_Waiting], fault: LogFault) -> None:
        for each in batch:
            if not each.answer.done():
                each.answer.set_exception(LogCallError(fault))


class FileLimiter(SharedLimiter):
    """A :class:`SharedLimiter` that a resumed campaign may prime.

    The log in the file outlives the process, but a journal may come from another machine, or the
    file may be gone. What is primed counts in this process's own window alone, which stands in
    series with the log: so nothing that the log knows, too, is counted twice.
    """

    def prime(self, ages: Sequence[float]) -> None:
        """Count requests that were made before; see :meth:`PrimableLimiter.prime`.

        Raises:
            ClientStateError: The limiter serves another event loop.
        """
        self._own.prime(ages)


def look_into_folder(folder: str | os.PathLike[str] | None = None) -> list[KeyState]:
    """Every key that is in use, file by file, the account first in each.

    Args:
        folder: The folder of the files; None: the user's own.

    Raises:
        LogCallError: A file cannot be read.
    """
    reading = machine_clock()()
    return [
        look(log, key, reading.time + log.offset)
        for path in files_in(default_folder() if folder is None else folder)
        for key, log in read_logs(path, reading)
    ]
