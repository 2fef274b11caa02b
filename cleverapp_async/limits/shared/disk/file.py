"""The file of one account's limits: opened, locked, read, written, and replaced when damaged.

All of it runs in one thread, which may wait for the file's lock.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

from attrs import define, field, frozen

from ...quota import AccountKey, LimitKey
from ..messages import LogCallError, LogFault, LogRequest, Terms
from ..redis_log import META, read_key, tagged
from .key_log import KeyLog
from .machine import REMEDY, Clock, identity_of, prepare
from .rule import carry_on, exchange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..messages import LogReply
    from .machine import Reading

__all__ = ["Job", "LimitsFile", "fault_of", "read_logs"]

_APPLICATION = 0x434C494D
_VERSION = 1
_OWNER_ONLY = 0o600
_PREFIX = "limits"
_READ_TIMEOUT = 5.0

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS logs (key TEXT PRIMARY KEY, log TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS losses (boot TEXT PRIMARY KEY, lost_at INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
"""

# That a statement of ours is wrong means that the tables are not there.
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_FULL = (sqlite3.SQLITE_FULL,)
_PRIMARY = 0xFF  # the part of an extended result code that is the code
_ATTEMPTS = 4

_of_the_parent: list[sqlite3.Connection] = []


@frozen
class Job:
    """One request to the log of one key."""

    key: LimitKey | AccountKey
    terms: Terms
    request: LogRequest


class _ReplacedError(Exception):
    """The file has another name, or none, and another one may have taken its place."""


@define(eq=False)
class LimitsFile:
    """The file.

    Attributes:
        path: Where it is.
        timeout: Seconds to wait for its lock.
        clock: The clock of the machine.
        no_fork: Held by a transaction, and by a fork.
    """

    path: Path
    timeout: float
    clock: Clock
    no_fork: threading.RLock = field(factory=threading.RLock, repr=False)
    _connection: sqlite3.Connection | None = field(default=None, repr=False)
    _identity: tuple[int, int] | None = None
    _pid: int = 0
    _written: dict[str, tuple[str, KeyLog]] = field(
        factory=dict[str, tuple[str, KeyLog]], repr=False
    )

    def carry_out(self, jobs: Sequence[Job]) -> list[LogReply | None]:
        """Carry out requests in one transaction.

        Returns:
            The reply to each, as :meth:`SharedLog.exchange` gives it.

        Raises:
            LogCallError: The file cannot be used; nothing of it was carried out, as far as is
                known.
        """
        if self not in _files:
            with _forks:
                _files.add(self)
        # Several, as each may meet another surprise: the file was replaced, it is damaged and
        # replaced by us, somebody else replaced it at the same time.
        for attempt in range(_ATTEMPTS):
            try:
                with self.no_fork:
                    return self._transact(jobs)
            except _ReplacedError:
                self.close()
            except sqlite3.Error as error:
                self.close()
                self._mend(error, last=attempt == _ATTEMPTS - 1)
            except OSError as error:
                self.close()
                raise LogCallError(fault_of(error, self.path, self.timeout)) from None
        raise LogCallError(
            LogFault(f"{self.path} is replaced again and again by another program", lasting=False)
        )

    def close(self) -> None:
        """Let go of the file."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._pid != os.getpid():
            # It is the parent's: to close it here would disturb what the parent does with it.
            _of_the_parent.append(connection)
            return
        with suppress(sqlite3.Error):
            connection.close()

    def _mend(self, error: sqlite3.Error, *, last: bool) -> None:
        """See to it that another attempt may help.

        Args:
            error: What SQLite said.
            last: Whether there is none.

        Raises:
            LogCallError: It would not help.
        """
        try:
            # Another process has put a new file in its place already: the next attempt opens that
            # one.
            if identity_of(self.path) != self._identity:
                return
            if not last and _code(error) in _DAMAGE:
                self._replace()
                return
            fault = fault_of(error, self.path, self.timeout)
        except OSError as other:
            fault = fault_of(other, self.path, self.timeout)
        raise LogCallError(fault)

    def _transact(self, jobs: Sequence[Job]) -> list[LogReply | None]:
        if self._pid != os.getpid():
            self.close()
        connection = self._connection
        if connection is None:
            connection = self._open()
        # The write lock at once: a transaction that only reads at first may find that somebody has
        # written since, and fail when it wants to write.
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Looked at under the lock, so that what is written lands in the file that others open.
            # One that is replaced after this was damaged, and the new one grants nothing at first.
            if identity_of(self.path) != self._identity:
                raise _ReplacedError  # noqa: TRY301 - the transaction has to end first
            # The lock is held: whoever reads the clock later writes later.
            reading = self.clock()
            written: dict[str, tuple[str, KeyLog]] = {}
            replies = [self._exchange(connection, job, reading, written) for job in jobs]
            connection.execute("COMMIT")
            self._written = written
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        return replies

    def _exchange(
        self,
        connection: sqlite3.Connection,
        job: Job,
        reading: Reading,
        written: dict[str, tuple[str, KeyLog]],
    ) -> LogReply | None:
        """Carry out one request; the log that it writes is cached for the next one.

        Args:
            connection: The file, in a transaction.
            job: The request.
            reading: The clock.
            written: The logs of this transaction by their names, each with its text.
        """
        name = tagged(_PREFIX, job.key)
        found, lost_at = None, None
        row = connection.execute("SELECT log FROM logs WHERE key = ?", (name,)).fetchone()
        if row is None:
            lost = connection.execute(
                "SELECT lost_at FROM losses WHERE boot = ?", (reading.boot,)
            ).fetchone()
            lost_at = None if lost is None else _moment_of(lost[0], reading)
        else:
            try:
                found = self._read(name, row[0], written)
            except ValueError:
                # Text that cannot be read is as good as lost: for one period nothing is granted of
                # this key.
                lost_at = reading.time
        log = carry_on(found, reading, lost_at)
        reply = exchange(log, job.terms, job.request, reading)
        if reply is not None:
            text = log.write()
            connection.execute("REPLACE INTO logs VALUES (?, ?)", (name, text))
            # That the file had lost something is not written down, as it has been seen to by now.
            log.lost_at = None
            written[name] = text, log
        return reply

    def _read(self, name: str, text: str, written: dict[str, tuple[str, KeyLog]]) -> KeyLog:
        """The log of a text. Where it is what this process wrote last, there is no need to read it.

        Raises:
            ValueError: It is no log.
        """
        for kept in (written, self._written):
            # Taken away: should the transaction fail, it is changed and the file is not.
            known, log = kept.pop(name, ("", None))
            if log is not None and known == text:
                return log
        return KeyLog.read(text)

    def _open(self) -> sqlite3.Connection:
        prepare(self.path)
        self._identity = identity_of(self.path)
        connection = _connect(self.path, self.timeout)
        try:
            connection.execute("BEGIN IMMEDIATE")
            found = connection.execute("PRAGMA user_version").fetchone()[0]
            _check_version(found, self.path)
            if not found:
                _make_tables(connection)
            self._clear(connection)
            connection.execute("COMMIT")
            if identity_of(self.path) != self._identity:
                # It was made just now, or replaced: which one was opened shows at a second look.
                raise _ReplacedError  # noqa: TRY301 - the same
        except BaseException:
            connection.close()
            raise
        self._connection, self._pid = connection, os.getpid()
        return connection

    def _clear(self, connection: sqlite3.Connection) -> None:
        """Delete the logs of which nothing counts any more."""
        reading = self.clock()
        over: list[tuple[str]] = []
        for key, text in connection.execute("SELECT key, log FROM logs"):
            with suppress(ValueError):
                log = KeyLog.read(text)
                # A new log in place of the old one means that nothing of the old one counts any
                # more.
                if carry_on(log, reading) is not log:
                    over.append((key,))
        connection.executemany("DELETE FROM logs WHERE key = ?", over)

    def _replace(self) -> None:
        """Put a new file into the place of a damaged one, where it stands that all was lost.

        The place is never empty, or somebody might begin there who does not know of the loss. If
        several do so at once the last one stays; the others find that theirs has gone.

        Raises:
            LogCallError: That cannot be done.
        """
        new = self.path.with_name(f"{self.path.name}-new-{secrets.token_hex(8)}")
        reading = self.clock()
        try:
            with closing(_connect(new, self.timeout)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                _make_tables(connection)
                lost = (reading.boot, reading.time)
                connection.execute("INSERT INTO losses VALUES (?, ?)", lost)
                connection.execute("COMMIT")
            if identity_of(self.path) == self._identity:
                # What SQLite would repair the damaged file with would damage the new one.
                _beside(self.path).unlink(missing_ok=True)
                new.replace(self.path)
        except sqlite3.Error as error:
            raise LogCallError(fault_of(error, self.path, self.timeout)) from None
        finally:
            for left in (new, _beside(new)):
                left.unlink(missing_ok=True)


# A process must not fork while SQLite holds locks of its own: the child would wait for them for
# ever. So a fork waits for the end of the transactions, each of which takes less than a millisecond
# unless the file is locked. They do not wait for each other, as another account's file may be.
_forks = threading.RLock()
_files: WeakSet[LimitsFile] = WeakSet()


def _before_fork() -> None:
    _forks.acquire()
    for file in list(_files):
        file.no_fork.acquire()


def _let_handlers_run() -> None:
    """Nothing: the handler of a signal that came during the fork may raise here."""


def _after_fork_in_parent() -> None:
    # A signal's handler may have raised in `_before_fork`: Python tells it, and forks all the same.
    # An RLock knows whether this thread took it; without `_forks` it took none of the others.
    for lock in (*(file.no_fork for file in list(_files)), _forks):
        with suppress(RuntimeError):
            lock.release()


def _after_fork_in_child() -> None:
    global _forks  # noqa: PLW0603 - the old one stays with the parent
    # What was not taken may be held by a thread that lives in the parent alone.
    _forks = threading.RLock()
    for file in list(_files):
        file.no_fork = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_parent=_let_handlers_run)
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )


def _connect(path: Path, timeout: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=timeout, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = _as_text
    try:
        # PERSIST overwrites the journal's head where the default would make and delete a file for
        # each transaction.
        connection.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = PERSIST;")
        if os.name == "posix":
            # What SQLite makes beside the file gets its mode.
            path.chmod(_OWNER_ONLY)
    except BaseException:
        connection.close()
        raise
    return connection


def _as_text(stored: bytes) -> str:
    """A text of the file; an empty one, which is no log and no key, where it is damaged."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return ""


def _moment_of(lost_at: object, reading: Reading) -> int:
    """When the file lost what it held: now, where that is damaged or a clock was set back since."""
    return min(lost_at, reading.time) if isinstance(lost_at, int) else reading.time


def _make_tables(connection: sqlite3.Connection) -> None:
    for statement in _SCHEMA.strip().splitlines():
        connection.execute(statement)


def _check_version(found: int, path: Path) -> None:
    """Leave a file alone that this release does not know.

    Raises:
        LogCallError: It is one.
    """
    if found > _VERSION:
        told = "was written by a later release of this package: use that one here as well"
        raise LogCallError(LogFault(f"{path} {told}, or {REMEDY}", lasting=True))


def _beside(path: Path) -> Path:
    """The file that SQLite makes beside another one."""
    return path.with_name(f"{path.name}-journal")


def read_logs(path: Path, reading: Reading) -> Iterator[tuple[LimitKey | AccountKey, KeyLog]]:
    """Every key of a file with its log, which is brought up to now; changes nothing.

    Args:
        path: The file.
        reading: The clock.

    Raises:
        LogCallError: The file cannot be read.
    """
    try:
        if identity_of(path) is None:
            return  # It was deleted in this very moment.
        # Without our settings: a look must neither make the file nor change its mode. Writable
        # where it can be, as SQLite first undoes what a process that was killed had half written.
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as opened:
            opened.text_factory = _as_text
            found = opened.execute("PRAGMA user_version").fetchone()[0]
            _check_version(found, path)
            if not found:
                return
            rows = opened.execute("SELECT key, log FROM logs ORDER BY key").fetchall()
    except (sqlite3.Error, OSError) as error:
        raise LogCallError(fault_of(error, path, _READ_TIMEOUT)) from None
    for name, text in rows:
        key = read_key(_PREFIX, f"{name}:{META}")
        with suppress(ValueError):
            log = KeyLog.read(text)
            if key is not None and carry_on(log, reading) is log:
                yield key, log


def fault_of(error: BaseException, path: Path | None, timeout: float) -> LogFault:
    """What an exception means.

    Args:
        error: The exception.
        path: The file; None where it is not known yet.
        timeout: Seconds after which its lock is not waited for any more.
    """
    code = _code(error)
    told = f"{path or 'of an account'}"
    if code in _BUSY:
        remedy = "it may be stopped: let it go on, or end it"
        sentence = f"{told} is in use by another process for {timeout:g} s ({remedy})"
        return LogFault(sentence, lasting=False)
    if code in _FULL:
        remedy = f"free space on its disk, or {REMEDY}"
        return LogFault(f"{told} cannot be written, as the disk is full: {remedy}", lasting=False)
    said = " ".join(str(error).split()) or type(error).__name__
    return LogFault(f"{told} cannot be used ({said}): {REMEDY}", lasting=True)


def _code(error: BaseException) -> int:
    code: object = getattr(error, "sqlite_errorcode", 0)
    return code & _PRIMARY if isinstance(code, int) else 0
