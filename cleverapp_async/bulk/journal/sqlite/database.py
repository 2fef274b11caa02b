"""How a journal's file is opened for writing, and its errors in place of SQLite's.

It is opened under its lock, checked, and brought up to date.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias

from ....errors import JournalError, JournalLostError, JournalWriteError
from ..codec import LATEST, LONGEST, damaged
from .filesystem import (
    REMEDIES,
    OpenFiles,
    check_file_type,
    check_files_beside,
    check_mount,
    check_place,
)
from .lock import JournalLock
from .log import (
    IntentCount,
    close_beside_log,
    doubt,
    is_without_log,
    lacks_end,
    mark_at_work,
    mark_whole,
    without_log,
)
from .schema import APPLICATION_ID, MIGRATIONS, TABLES, VERSION, check_file
from .states import Change, ChangeKind, write_changes

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

__all__ = [
    "Commit",
    "OpenJournal",
    "harden",
    "open_failure",
    "opened_for_writing",
    "read_failure",
    "transaction",
    "was_interrupted",
    "write_failure",
]

_RESUME = "then resume the campaign"

# By the error's primary name; its extended name begins with it.
_REASONS = (
    ("SQLITE_FULL", "no space is left", f"make room, {_RESUME}"),
    ("SQLITE_READONLY", "it may only be read", f"let it and its folder be written, {_RESUME}"),
    ("SQLITE_PERM", "access was refused", f"let it and its folder be written, {_RESUME}"),
    ("SQLITE_CANTOPEN", "it cannot be opened", f"let it and its folder be written, {_RESUME}"),
    ("SQLITE_BUSY", "another program holds it locked", f"end that program, {_RESUME}"),
    ("SQLITE_LOCKED", "another program holds it locked", f"end that program, {_RESUME}"),
    ("SQLITE_IOERR", "the disk failed", "check the disk and its free space, " + _RESUME),
    ("SQLITE_CORRUPT", "it is damaged", "restore it from a copy"),
    ("SQLITE_NOTADB", "it is no SQLite file", "give the path of a journal"),
)


def _told(error: BaseException) -> tuple[str, str]:
    if isinstance(error, UnicodeDecodeError) or "decode to UTF-8" in str(error):
        return "it is damaged (a text in it is none)", "restore it from a copy"
    if isinstance(error, PermissionError):
        return f"access was refused ({error.strerror})", "let this user read it and its folder"
    if isinstance(error, OSError):
        return error.strerror or str(error), REMEDIES.get(error.errno or 0, "check the file")
    # Errors that Python's module raises itself have no name.
    name = str(getattr(error, "sqlite_errorname", None) or "")
    for begin, reason, remedy in _REASONS:
        if name.startswith(begin):
            return f"{reason} ({error})", remedy
    return f"{type(error).__name__}: {error}", "check the file"


def was_interrupted(error: BaseException) -> bool:
    """Whether a query was interrupted: a signal handler raised, or the waiter was cancelled."""
    return getattr(error, "sqlite_errorname", None) == "SQLITE_INTERRUPT"


def open_failure(path: Path, error: Exception) -> JournalError:
    """The error of a journal that cannot be opened."""
    reason, remedy = _told(error)
    return JournalError(f"the journal {path} cannot be opened: {reason}; {remedy}")


def write_failure(path: Path, error: BaseException, *, lost: int = 0) -> JournalError:
    """The error of a write that failed; one of this package stays what it is.

    Args:
        path: The journal's file.
        error: What was raised.
        lost: Results that nobody will write any more.
    """
    if isinstance(error, JournalError):
        kind, told = type(error), str(error)
    else:
        reason, remedy = _told(error)
        kind, told = JournalWriteError, f"the journal {path} cannot be written: {reason}; {remedy}"
    if not lost:
        return error if isinstance(error, JournalError) else kind(told)
    where = "are not in it: a resume lists their messages as unknown"
    if isinstance(error, JournalLostError):
        where = "were not written"
    return kind(f"{told}. {lost} result(s) {where}")


def read_failure(path: Path, error: Exception) -> JournalError:
    """The error of a read that failed.

    Raises:
        KeyboardInterrupt: A handler of a signal ended the query: SQLite knows it as interrupted.
    """
    if was_interrupted(error):
        raise KeyboardInterrupt
    reason, remedy = _told(error)
    return JournalError(f"the journal {path} cannot be read: {reason}; {remedy}")


Commit: TypeAlias = "Callable[[sqlite3.Connection], None]"
"""Ends a transaction, so that what was written in it is durable."""


@contextmanager
def transaction(connection: sqlite3.Connection, commit: Commit) -> Generator[None]:
    """Write all that is written inside, or nothing of it."""
    # Takes the write lock at once: BEGIN alone would take it at the first write, and then fail
    # where the file has changed since the first read.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        commit(connection)
    finally:
        # An error inside leaves the transaction open, and so may a commit that failed, for want of
        # space for example.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


_STEPS = 50_000
"""Instructions of SQLite after which it looks up: some milliseconds of a query."""

_LONGEST = 64 * 2**20
"""Bytes of a cell: no message or error is nearly as long."""

_SAFE_SETTINGS = (
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
)


def harden(connection: sqlite3.Connection, give_up: Callable[[], bool] | None = None) -> None:
    """Limit what a hostile file can make SQLite do, and let a long query be interrupted.

    Args:
        connection: A connection that was just made.
        give_up: Asked now and then in a long query: whether to give it up. None: never, but Python
            runs the handlers of signals then, and a handler that raises ends the query.
    """
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    # Python looks for signals only between its own steps, of which there is none in a long query:
    # calling back into Python makes one.
    connection.set_progress_handler(give_up or _go_on, _STEPS)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    # VACUUM attaches one.
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 1)
    for setting in _SAFE_SETTINGS:
        connection.execute(setting)


def _go_on() -> bool:
    return False


_CHECKED = 16 * 2**20
"""Bytes up to which the structure of the whole file is looked through: some ten milliseconds' work.
Of a larger one only what tells who was sent to is: looking for a message finds that it is missing,
and one that has gone with all that knows of it is missed when they are counted."""

_TELLING = ("fate", "error", "key", "meta", "session")

# A NULL is neither inside nor outside of anything; texts and bytes are above every number.
_CONDITIONS = " AND ".join(
    (
        "typeof(state) = 'integer' AND state BETWEEN 0 AND 5",
        # The last digit is a state, and those before it count earlier attempts.
        f"typeof(before) = 'integer' AND before BETWEEN 0 AND {LONGEST} AND before % 10 <= 5",
        f"intent_at BETWEEN 0 AND {LATEST}",
        f"ended_at BETWEEN 0 AND {LATEST}",
        f"waited BETWEEN 0 AND {LONGEST}",
        f"on_wire BETWEEN 0 AND {LONGEST}",
        "permanent IN (0, 1)",
        "(error_id IS NULL OR error_id IN (SELECT id FROM error))",
        "id IN (SELECT id FROM message)",
    )
)
_UNSOUND = f"SELECT 1 FROM fate WHERE NOT ({_CONDITIONS}) LIMIT 1"  # noqa: S608 - made of constants


def _check_integrity(connection: sqlite3.Connection, path: Path) -> None:
    """Check the file and the rows of a journal that is open for writing.

    Nobody can tell a row that was changed to something that could be true. That every message is
    there, and what limits it, is seen where they are counted: :func:`.queries.summary`.

    Raises:
        JournalError: The file or a row of it is damaged.
    """
    pages, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "page_size")
    )
    # Before version 3.33 SQLite takes a name for no limit, and looks through the whole file.
    for checked in ("1",) if pages * size <= _CHECKED else _TELLING:
        told = connection.execute(f"PRAGMA quick_check({checked})").fetchone()[0]
        if told != "ok":
            raise damaged(f"SQLite finds in it: {' '.join(str(told).split())}", path)
    if connection.execute(_UNSOUND).fetchone() is not None:
        raise damaged("what became of a message in it makes no sense", path)


def prepare(connection: sqlite3.Connection, version: int | None, commit: Commit) -> None:
    """Make the tables in an empty file, or bring an older file up to date, all or nothing.

    Args:
        connection: A connection to the file.
        version: What :func:`check_file` told of it.
        commit: Ends a transaction.
    """
    if version == VERSION:
        return
    with transaction(connection, commit):
        if version is None:
            for table in TABLES:
                connection.execute(table)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        else:
            for older in range(version, VERSION):
                MIGRATIONS[older](connection)
        connection.execute(f"PRAGMA user_version = {VERSION}")


_BUSY = 5.0

_DURABLE_SETTINGS = (
    # A commit returns once the disk has it; on macOS this takes more than fsync.
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
)


class OpenJournal:
    """A journal that is open for writing.

    Attributes:
        connection: The one connection that writes it.
        files: The files that it had when it was opened.
        lock: Its lock.
    """

    def __init__(self, connection: sqlite3.Connection, files: OpenFiles, lock: JournalLock) -> None:
        self.connection = connection
        self.files = files
        self.lock = lock
        self._intents: IntentCount | None = None

    def mark_at_work(self, connection: sqlite3.Connection) -> None:
        """Write down, before anything is sent, what tells later that the log was lost or cut.

        Raises:
            JournalError: The journal is damaged.
            OSError: What is kept beside the file cannot be written.
        """
        self._intents = mark_at_work(connection)
        self.lock.keep(self._intents.encode())

    def write(self, changes: Sequence[Change], commit: Commit) -> None:
        """Write changes, and keep beside the file how many intents there are now.

        Args:
            changes: What is durable on return.
            commit: Ends the transaction.
        """
        added = sum(kind is ChangeKind.INTENT for kind, _, _ in changes)
        counted = self._intents.plus(added) if added and self._intents is not None else None
        with transaction(self.connection, commit):
            write_changes(self.connection, changes)
            if counted is not None:
                counted.write(self.connection)
        if counted is not None:
            self._intents = counted
            # Without it the lower count stays beside the file: less would be noticed after a crash,
            # and nothing wrong. The changes are durable by now, whatever becomes of it.
            with suppress(OSError):
                self.lock.keep(counted.encode())


def _connect(path: Path, commit: Commit, give_up: Callable[[], bool] | None) -> sqlite3.Connection:
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    try:
        # `isolation_level=None`: Python begins no transaction by itself, as ours must be IMMEDIATE.
        connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise open_failure(path, error) from None
    try:
        harden(connection, give_up)
        version = check_file(connection, path)
        # After the look at the file: whatever is no journal of ours is refused before anything of
        # it changes.
        _keep_log(connection, path)
        for setting in _DURABLE_SETTINGS:
            connection.execute(setting)
        prepare(connection, version, commit)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        close_beside_log(connection, path)
        raise open_failure(path, error) from None
    except BaseException:
        close_beside_log(connection, path)
        raise
    return connection


def _keep_log(connection: sqlite3.Connection, path: Path) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise JournalError(
            f"the journal {path} lies where SQLite cannot keep a write-ahead log: put it on a "
            "local disk"
        )


@contextmanager
def opened_for_writing(
    path: Path,
    commit: Commit,
    *,
    make: bool = True,
    without: bool = False,
    give_up: Callable[[], bool] | None = None,
) -> Generator[OpenJournal]:
    """The one connection that writes a journal, under its lock; the file is made where it is new.

    Args:
        path: The journal's file, links followed.
        commit: Ends a transaction.
        make: Whether a file that is missing or empty becomes a journal.
        without: Whether a file is opened that was separated from its log: what the log may have
            known of is of unknown outcome then.
        give_up: Asked now and then in a long query: whether nobody waits for it any more.

    Raises:
        JournalLockedError: Another runner has it.
        JournalError: It lies in a place where it cannot be kept, is no journal, is damaged, or
            lacks what a run that died had sent last.
        JournalWriteError: It cannot be made or written.
    """
    check_place(path)
    if not make and not (check_file_type(path) and path.stat().st_size):
        raise JournalError(f"there is no journal {path}: check the path")
    # Our lock comes before SQLite opens the file: SQLite's own lock lets several processes write by
    # turns, and two runners would send the same messages.
    lock = JournalLock.acquire(path)
    admitted: OpenJournal | None = None
    forget = False
    try:
        check_mount(path)
        check_files_beside(path, private=True)
        # Before SQLite opens the file, as that makes an empty log where there is none.
        separated = is_without_log(path)
        if separated and not without:
            raise without_log(path)
        connection = _connect(path, commit, give_up)
        try:
            _check_integrity(connection, path)
            if not separated and lacks_end(connection, path):
                if not without:
                    raise without_log(path, cut=True)
                separated = True
            if separated:
                with transaction(connection, commit):
                    doubt(connection, path)
            admitted = OpenJournal(connection, OpenFiles(path, lock.file), lock)
            yield admitted
        finally:
            # In reverse: the mark goes when the file has everything, then the file is closed, and
            # the lock is let go when nothing of ours touches the file any more. What refused to be
            # opened stays as it was.
            if admitted is not None and mark_whole(connection):
                # What is at the path may be an older copy by now: what was kept tells so.
                forget = admitted.files.in_place
                connection.close()
            else:
                close_beside_log(connection, path)
    finally:
        lock.release(forget=forget)
