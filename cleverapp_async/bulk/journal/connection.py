"""How a journal's file is opened for writing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ...errors import JournalError
from .filesystem import check_file_type, check_files_beside, check_mount, check_place
from .guards import guard
from .lock import JournalLock
from .place import Place
from .reasons import open_failure
from .schema import check_file, prepare

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Generator
    from pathlib import Path

    from .transactions import Commit

__all__ = ["OpenJournal", "opened_for_writing"]

_BUSY = 5.0

_SETTINGS = (
    # A commit returns once the disk has it; on macOS this takes more than fsync.
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
)


class OpenJournal:
    """A journal that is open for writing.

    Attributes:
        connection: The one connection that writes it.
        place: Where its files lie.
    """

    def __init__(self, connection: sqlite3.Connection, place: Place) -> None:
        self.connection = connection
        self.place = place


def _connect(path: Path, commit: Commit, give_up: Callable[[], bool] | None) -> sqlite3.Connection:
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    try:
        connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise open_failure(path, error) from None
    try:
        guard(connection, give_up)
        version = check_file(connection, path)
        _keep_log(connection, path)
        for setting in _SETTINGS:
            connection.execute(setting)
        prepare(connection, version, commit)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        connection.close()
        raise open_failure(path, error) from None
    except BaseException:
        connection.close()
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
    give_up: Callable[[], bool] | None = None,
) -> Generator[OpenJournal]:
    """The one connection that writes a journal, under its lock; the file is made where it is new.

    Args:
        path: The journal's file, links followed.
        commit: Ends a transaction.
        make: Whether a file that is missing or empty becomes a journal.
        give_up: Asked now and then in a long query: whether nobody waits for it any more.

    Raises:
        JournalLockedError: Another runner has it.
        JournalError: It lies in a place where it cannot be kept, or is no journal.
        JournalWriteError: It cannot be made or written.
    """
    check_place(path)
    if not make and not (check_file_type(path) and path.stat().st_size):
        raise JournalError(f"there is no journal {path}: check the path")
    lock = JournalLock.acquire(path)
    try:
        check_mount(path)
        check_files_beside(path, private=True)
        connection = _connect(path, commit, give_up)
        try:
            yield OpenJournal(connection, Place(lock))
        finally:
            connection.close()
    finally:
        lock.release()
